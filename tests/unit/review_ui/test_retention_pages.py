"""Pages about what goes, what is held and why; holds by hand; certificates."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from proctoring.access.model import Role
from proctoring.appeals import service as appeals
from proctoring.custody import service as custody
from proctoring.holds import service as holds
from proctoring.units.model import UnitState
from proctoring.units.rows import UnitRow
from storage.proofs.sign import Signer
from tests.support.looks import look
from tests.support.packages import export
from tests.unit.review_ui.conftest import Office, Staff


@pytest.fixture
def officer(office: Office) -> Staff:
    return office.hire("P. Officer", Role.PRIVACY_OFFICER)


def test_a_hold_is_placed_with_its_reason_and_released(office: Office, officer: Staff) -> None:
    session = office.world.ended()
    row = officer.get("/retention").text
    assert f'href="/retention?hold={session.id}#hold"' in row
    assert 'action="/holds"' not in row
    form = officer.get(f"/retention?hold={session.id}").text
    assert f'name="session_id" value="{session.id}"' in form
    placed = officer.post(
        "/holds", session_id=session.id, kind="legal", reason="Court order 12", review_on="2026-12-24"
    )
    assert placed.status_code == 303
    page = officer.get("/retention").text
    assert "Court order 12" in page
    assert "24 Dec 2026" in page
    with office.world.core.db.read() as db:
        (hold,) = holds.active(db, session.id)
    assert officer.post(f"/holds/{hold.id}/release").status_code == 303
    with office.world.core.db.read() as db:
        assert holds.active(db, session.id) == []


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"kind": "incident"}, 422),
        ({"kind": "legal", "reason": " "}, 422),
        ({"kind": "legal", "review_on": "soon"}, 422),
        ({"kind": "legal", "session_id": "nobody"}, 404),
    ],
)
def test_a_hold_that_cannot_be_is_refused(
    office: Office, officer: Staff, fields: dict[str, str], status: int
) -> None:
    session = office.world.ended()
    sent = {"session_id": session.id, "reason": "Court order 12"} | fields
    assert officer.post("/holds", **sent).status_code == status


@pytest.mark.promise("P8")
def test_release_is_offered_where_it_is_not_refused(office: Office, officer: Staff, proctor: Staff) -> None:
    """Offered for each hold that the service lets go, and for no other: a legal one of one's own, one
    of an incident and one of an appeal while these are open."""
    world = office.world
    legal, appealed, decided = world.ended(), world.ended(), world.ended()
    proctor.post(f"/sessions/{decided.id}/claim")
    look(world.core, proctor.actor, decided.id)
    said = {"category": "unauthorised-aid", "severity": "minor", "reasons": "A second voice answers."}
    assert proctor.post(f"/sessions/{decided.id}/decide", outcome="incident", **said).status_code == 303
    officer.post("/holds", session_id=legal.id, kind="legal", reason="Court order 12")
    with world.core.db.begin() as db:
        appeals.lodge(db, world.core, appealed.id, "The camera was never off.")
        placed = holds.active(db)
    assert {hold.kind.value for hold in placed} == {"legal", "appeal", "incident"}
    page = officer.get("/retention").text
    for hold in placed:
        offered = f'action="/holds/{hold.id}/release"' in page
        assert offered == (officer.post(f"/holds/{hold.id}/release").status_code == 303), hold.kind
    assert "ends when the incident is closed" in page
    assert "ends when the appeal is answered" in page


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.OPERATOR])
def test_who_only_sees_retention_places_nothing(office: Office, role: Role) -> None:
    session = office.world.ended()
    staff = office.hire("Somebody", role)
    assert "Place the hold" not in staff.get(f"/retention?hold={session.id}").text
    assert "Hold this" not in staff.get("/retention").text
    sent = staff.post("/holds", session_id=session.id, kind="legal", reason="Court order 12")
    assert sent.status_code == 403


@pytest.mark.promise("P7")
def test_a_certificate_can_be_read_and_its_signature_checked(office: Office) -> None:
    """The downloaded body is byte for byte what was signed."""
    office.world.ended()
    office.world.clock.move(days=200)
    office.world.eraser.run()
    officer = office.hire("P. Officer", Role.PRIVACY_OFFICER)
    with office.world.core.db.read() as db:
        row = custody.newest_certificates(db).rows[0]
    page = officer.get(f"/certificates/{row.id}")
    assert row.signature in page.text
    assert row.id in officer.get("/retention").text
    download = officer.get(f"/certificates/{row.id}/certificate.json")
    text = download.text
    body = text[len('{"certificate":') : text.rindex(',"signature":')]
    assert body == row.body
    assert json.loads(text)["signature"] == row.signature
    assert "attachment" in download.headers["content-disposition"]
    assert isinstance(office.world.signer, Signer)


def leaves(value: object) -> Iterator[str]:
    """Every fact of a signed body, as a page would write it."""
    if isinstance(value, dict):
        for one in value.values():
            yield from leaves(one)
    elif isinstance(value, list):
        for one in value:
            yield from leaves(one)
    else:
        yield str(value)


@pytest.mark.promise("P7")
@pytest.mark.promise("P14")
def test_the_certificate_s_page_shows_every_signed_fact(office: Office, tmp_path: Path) -> None:
    """As of when, until when a backup may hold it, and the copies that were given, among them."""
    world = office.world
    session = world.ended()
    export(world, session, tmp_path / "package")
    world.clock.move(days=200)
    world.eraser.run()
    officer = office.hire("P. Officer", Role.PRIVACY_OFFICER)
    with world.core.db.read() as db:
        row = custody.certificates(db, session.id)[0]
    body = json.loads(row.body)
    assert [one["ground"] for one in body["given"]] == ["request"]
    shown = officer.get(f"/certificates/{row.id}").text
    cells = set(re.findall(r'<span class="code">([^<]*)</span>', shown))
    told = {part for cell in cells for part in (cell, *cell.split(" "))}
    assert {fact for fact in leaves(body) if fact not in told} == set()


def test_the_retention_page_says_what_waits_and_which_command_ends_it(office: Office) -> None:
    """The brake and each stopped session, to whoever may see retention."""
    auditor = office.hire("Auditor", Role.AUDITOR)
    page = auditor.get("/retention").text
    assert "purge --confirm" not in page
    assert "purge --despite" not in page
    world = office.world
    session = world.ended()
    with world.core.db.begin() as db:
        db.execute(update(UnitRow).values(state=UnitState.ERASING.value))
    world.eraser.run()
    world.core.db._clock = lambda: world.clock() + timedelta(minutes=2)
    world.new_eraser().run()
    page = auditor.get("/retention").text
    assert "purge --confirm" in page
    assert "purge --despite" in page
    assert session.id in page
    with world.core.db.read() as db:
        assert set(db.scalars(select(UnitRow.sealed_private_key.is_not(None)))) == {True}
