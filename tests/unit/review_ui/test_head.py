"""HEAD on every address of the staff's pages: as GET, without a body, and without any trace or look."""

import re
from typing import Any

import pytest
from sqlalchemy import select

from proctoring.access.model import Role
from proctoring.exams import service as exams
from proctoring.exams.model import CaptureProfile, Stream
from proctoring.proofs.tables import METADATA
from proctoring.recordings import ending
from proctoring.units.rows import UnitRow
from review_ui import calls
from tests.support.asgi import addresses
from tests.support.logs import answer, event, write
from tests.support.signals import write_sheet
from tests.support.staff_site import staff_routes
from tests.support.world import ADMIN, REGULATION, World
from tests.unit.review_ui.conftest import Office, Staff

OPENED = re.compile(r"/media/|/logs/|/signals/|/identity/")
LOOKED_AT = re.compile(r"/media/|^/sessions/")
"""A GET of these is entered in the ledger, which pages show."""


@pytest.fixture
def paths(office: Office) -> dict[str, str]:
    """Every address that has GET, with values for which there is something to see."""
    world = office.world
    certificate = _certificate(world)
    profile = CaptureProfile((Stream.WEBCAM,), True, True, True, signals=True)
    with world.core.db.begin() as db:
        exam = exams.create(db, world.core, ADMIN, "Module 2", regulation=REGULATION, profile=profile)
    session = world.admitted(exam)
    world.send_card(session)
    begun = world.begin(session)
    world.store(begun, 0, world.clock.unix_ms)
    write_sheet(world, begun, ())
    world.end(begun)
    write(world, session, "activity", [event(world.clock(), "paste", chars=48)])
    write(world, session, "answers", [answer(world.clock(), "forty-two")])
    world.clock.move(seconds=20)
    with world.core.db.begin() as db:
        ending.finish(db, world.core, session.id)
    values = {
        "session_id": session.id,
        "stream": "webcam",
        "position": "0",
        "log": "answers",
        "token": office.link("R. Nys", Role.PROCTOR),
        "certificate_id": certificate,
    }
    router = staff_routes(world.core, world.opener, world.objects)
    found = {path for method, path in addresses(router) if method == "GET"}
    return {path: re.sub(r"\{(\w+)(:\w+)?\}", lambda m: values[m[1]], path) for path in found}


def _certificate(world: World) -> str:
    """Of another session, which was erased."""
    gone = world.ended(world.exam(streams=(Stream.SCREEN,)))
    with world.core.db.read() as db:
        due = db.scalars(select(UnitRow.due_at).where(UnitRow.session_id == gone.id)).one()
    for outcome in world.eraser.run(due, confirmed=True):
        if outcome.certificate_id:
            return outcome.certificate_id
    raise AssertionError


def _rows(world: World) -> dict[str, list[Any]]:
    with world.core.db.read() as db:
        return {name: list(db.execute(select(table))) for name, table in METADATA.tables.items()}


def test_head_answers_as_get_and_leaves_nothing(
    office: Office, paths: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Same status and headers, no body; no row changes, no object is read, no link is used up. Who may not
    see something is refused, as by GET."""
    claimant = office.hire("M. Claes", Role.PROCTOR)
    session = paths["/sessions/{session_id}"]
    claimant.post(f"{session}/claim")
    everybody = [claimant, *(office.hire(role.value, role) for role in Role if role is not Role.PROCTOR)]
    before, reads = _rows(office.world), _count_reads(office.world)
    told = {(one.person.id, path): one.head(path) for one in everybody for path in paths.values()}
    assert _rows(office.world) == before
    assert reads == []
    monkeypatch.setattr(calls, "STREAM_S_MAX", 0.0)  # a GET of events would go on; a HEAD has ended by itself
    for name, path in sorted(
        paths.items(), key=lambda it: bool(LOOKED_AT.search(it[0]))
    ):  # looks change pages
        for one in everybody:
            head, get = told[one.person.id, path], one.get(path)
            assert (head.status_code, head.content) == (get.status_code, b""), (name, one.person.role)
            left_out = {"content-length"} if LOOKED_AT.search(name) and get.status_code == 200 else set()
            heads, gets = ({k: v for k, v in it.headers.items() if k not in left_out} for it in (head, get))
            assert heads == gets, name
    opened = [path for name, path in paths.items() if OPENED.search(name)]
    assert {told[claimant.person.id, path].status_code for path in opened} == {200}
    assert reads


def _count_reads(world: World) -> list[str]:
    reads: list[str] = []
    get = world.objects.get

    def counted(key: str) -> bytes:
        reads.append(key)
        return get(key)

    world.objects.get = counted  # type: ignore[method-assign]
    return reads


def test_a_head_where_there_is_no_get_is_refused(proctor: Staff) -> None:
    """405, with what is allowed."""
    refused = proctor.head("/sign-out")
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")


def test_a_nul_in_an_address_or_a_form_is_refused_or_unknown(proctor: Staff) -> None:
    """On every database: no id has one."""
    for path in ("/sessions/a%00b", "/sign-in/a%00b", "/media/a%00b/webcam/0", "/ledger?session=%00"):
        assert proctor.get(path).status_code in (200, 403, 404, 422, 401), path
    assert proctor.post("/holds", session_id="a\0b", kind="legal", reason="because").status_code in (
        403,
        404,
        422,
    )
    assert proctor.post("/help/a%00b", answer="x\0y").status_code in (404, 422)
