"""Signals and thumbnails: what a reader of them gets, and to whom they are refused."""

import base64

import pytest

from proctoring.access.model import Role
from proctoring.exams import service as exams
from proctoring.exams.model import CaptureProfile, Stream
from proctoring.holds import service as holds
from proctoring.holds.model import HoldKind
from proctoring.recordings import ending
from proctoring.sessions.model import Session
from proctoring.signals.model import Signal, SignalKind
from tests.support.signals import write_sheet
from tests.support.world import ADMIN, REGULATION, World
from tests.unit.review_ui.conftest import Office, Staff

JSON = "application/json"
TOLD = Signal(SignalKind.NO_FACE, "haar-frontal-default", 1, 0, "faces", 0, 0, 16_000)


def measured(world: World) -> Session:
    """An ended session with a sheet of its webcam."""
    profile = CaptureProfile((Stream.WEBCAM, Stream.SCREEN), signals=True)
    with world.core.db.begin() as db:
        exam = exams.create(db, world.core, ADMIN, "Module 2", regulation=REGULATION, profile=profile)
    session = world.admitted(exam)
    begun = world.begin(session)
    world.store(begun, 0, world.clock.unix_ms, duration_ms=16_000)
    write_sheet(world, begun, (TOLD,))
    world.end(begun)
    world.clock.move(seconds=20)
    with world.core.db.begin() as db:
        return ending.finish(db, world.core, session.id)


@pytest.mark.promise("P12")
def test_signals_are_opened_after_the_view_was_entered(office: Office, proctor: Staff) -> None:
    """The time line tells that there are some; what was measured, by what and against what comes with an
    entry in the ledger, and one entry covers the stream's thumbnails too."""
    session = measured(office.world)
    line = proctor.get(f"/sessions/{session.id}/timeline.json", JSON).json()
    assert line["signals"] == [{"stream": "webcam", "state": "retained", "sheets": 1}]
    assert not office.looks()
    answered = proctor.get(f"/sessions/{session.id}/signals/webcam.json", JSON)
    assert answered.headers["cache-control"] == "no-store"
    (told,) = answered.json()["signals"]
    assert told == {
        "kind": "no-face",
        "detector": "haar-frontal-default",
        "version": 1,
        "threshold": 0,
        "unit": "faces",
        "value": 0,
        "start_ms": 0,
        "end_ms": 16_000,
    }
    (sheet,) = answered.json()["sheets"]
    seen = proctor.get(f"/sessions/{session.id}/signals/webcam/{sheet['n']}.json", JSON).json()
    assert base64.b64decode(seen["thumbnails"][0]["jpeg"]) == b"\xff\xd8a face\xff\xd9"
    assert office.looks() == [{"stream": "webcam", "first": 0, "why": "review"}]


@pytest.mark.promise("P12")
@pytest.mark.parametrize("role", [Role.AUDITOR, Role.OPERATOR, Role.PRIVACY_OFFICER, Role.COMMITTEE])
def test_who_may_not_see_footage_sees_no_thumbnail(office: Office, role: Role) -> None:
    """Neither the measurements nor the pictures."""
    session = measured(office.world)
    staff = office.hire("Somebody", role)
    for path in ("webcam.json", "webcam/0.json"):
        assert staff.get(f"/sessions/{session.id}/signals/{path}", JSON).status_code == 403
    assert not office.looks()


@pytest.mark.promise("P16")
def test_a_restricted_session_shows_no_signal(office: Office, proctor: Staff) -> None:
    """Restriction locks viewing of them as it does of footage."""
    session = measured(office.world)
    with office.world.core.db.begin() as db:
        holds.place(
            db, office.world.core, ADMIN, session.id, HoldKind.RESTRICTION, reason="asked by the candidate"
        )
    for path in ("webcam.json", "webcam/0.json"):
        assert proctor.get(f"/sessions/{session.id}/signals/{path}", JSON).status_code == 403


def test_what_is_not_there_says_why(office: Office, proctor: Staff) -> None:
    """No sheet of that number; nothing of a stream of which nothing was measured; after erasure, erased."""
    session = measured(office.world)
    assert proctor.get(f"/sessions/{session.id}/signals/webcam/7.json", JSON).status_code == 404
    assert proctor.get(f"/sessions/{session.id}/signals/screen.json", JSON).json()["signals"] == []
    office.world.clock.move(days=200)
    office.world.eraser.run(confirmed=True)
    later = office.hire("J. Maes", Role.PROCTOR)
    refused = later.get(f"/sessions/{session.id}/signals/webcam.json", JSON)
    assert refused.status_code == 404
    assert "erased" in refused.json()["detail"]


def test_the_page_speaks_of_signals_where_there_are_some(office: Office, proctor: Staff) -> None:
    """A lane, a list, and the words that a machine decides nothing; the flag is one to look at, by a rule."""
    page = proctor.get(f"/sessions/{measured(office.world).id}").text
    assert 'data-lane="signals"' in page
    assert "It decides nothing" in page
    assert "No face in the picture" in page
    without = proctor.get(f"/sessions/{office.world.ended().id}").text
    assert 'data-lane="signals"' not in without
