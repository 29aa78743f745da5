"""Figures in `/metrics` of work under way, and of what is about to be too late."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from proctoring.access import service as access
from proctoring.access.model import Role
from proctoring.casework import claims, procedures, results
from proctoring.exams.model import Stream
from proctoring.help import service as help_requests
from proctoring.help.model import HelpKind
from proctoring.holds import service as holds
from proctoring.holds.model import HoldKind
from proctoring.recordings import ending
from proctoring.reviews import service as reviews
from proctoring.sessions.model import Session
from proctoring.units.rows import UnitRow
from proctoring.web.metrics import exposition
from proctoring.web.seldom import COUNTED_EVERY
from proctoring.web.work_metrics import DUE_SOON, unreviewed_due_soon
from tests.support.world import ADMIN, World


def told(world: World) -> dict[str, float]:
    """Every sample by its name and labels."""
    lines = exposition(world.core).decode().splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[0] != "#")}


@pytest.fixture
def ended(world: World) -> Session:
    session = world.admitted(world.exam(streams=(Stream.WEBCAM,)))
    world.record(session)
    with world.core.db.begin() as db:
        return ending.finish(db, world.core, session.id)


def test_sessions_streams_and_bytes(world: World, ended: Session) -> None:
    """By state and by stream; bytes are those of the segments, counted anew every few minutes, and gone with
    the erasure."""
    live = world.admitted(world.exam(streams=(Stream.WEBCAM, Stream.PHONE)))
    begun = world.begin(live)
    now = told(world)
    assert now['sessions{state="ended"}'] == 1
    assert now['sessions{state="recording"}'] == 1
    assert now['streams_recording{stream="webcam"}'] == 1
    assert now['streams_recording{stream="phone"}'] == 0
    stored = now["stored_bytes"]
    assert stored > 0
    world.store(begun, 0, world.clock.unix_ms)
    assert told(world)["stored_bytes"] == stored
    world.clock.move(seconds=COUNTED_EVERY.total_seconds())
    assert told(world)["stored_bytes"] > stored


def test_sign_ins_are_counted(world: World) -> None:
    """Of all staff processes together: the ledger has them; counted anew every few minutes."""
    assert told(world)["sign_ins_total"] == 0
    with world.core.db.begin() as db:
        person = access.add_user(db, world.core, ADMIN, "M. Claes", Role.PROCTOR)
        access.begin_login(db, world.core, access.new_link(db, world.core, ADMIN, person))
    assert told(world)["sign_ins_total"] == 0
    world.clock.move(seconds=COUNTED_EVERY.total_seconds())
    assert told(world)["sign_ins_total"] == 1


def test_what_nobody_has_decided_and_goes_soon(world: World, ended: Session) -> None:
    """From seven days before; not while it is held, nor once somebody has decided."""
    core = world.core
    with core.db.begin() as db:
        results.publish_results(db, core, ADMIN, ended.exam_id)
    with core.db.read() as db:
        due_at = db.scalars(select(UnitRow.due_at).where(UnitRow.session_id == ended.id)).one()
        assert unreviewed_due_soon(db, due_at - DUE_SOON - timedelta(seconds=1)) == 0
        assert unreviewed_due_soon(db, due_at - DUE_SOON) == 1
    world.clock.now = due_at - timedelta(days=1)
    assert told(world)["unreviewed_due_soon"] == 1
    with core.db.begin() as db:
        hold = holds.place(db, core, ADMIN, ended.id, HoldKind.LEGAL, reason="court order", owner="exam-body")
    assert told(world)["unreviewed_due_soon"] == 0
    with core.db.begin() as db:
        procedures.release(db, core, ADMIN, hold.id)
        claims.claim(db, core, ADMIN, ended.id)
    assert told(world)["unreviewed_due_soon"] == 1
    with core.db.begin() as db:
        reviews.decide_no_concern(db, core, ADMIN, ended.id)
    assert told(world)["unreviewed_due_soon"] == 0


def test_holds_that_nobody_has_looked_at_again(world: World, ended: Session) -> None:
    """From their review date on, until they are released."""
    core = world.core
    with core.db.begin() as db:
        hold = holds.place(db, core, ADMIN, ended.id, HoldKind.LEGAL, reason="court order", owner="exam-body")
    assert told(world)["holds_past_review"] == 0
    world.clock.now = hold.review_at + timedelta(seconds=1)
    assert told(world)["holds_past_review"] == 1
    with core.db.begin() as db:
        procedures.release(db, core, ADMIN, hold.id)
    assert told(world)["holds_past_review"] == 0


def test_the_oldest_call_for_help(world: World) -> None:
    """In seconds, until it is answered."""
    session = world.admitted(world.exam(streams=(Stream.WEBCAM,)))
    world.begin(session)
    assert told(world)["oldest_call_seconds"] == 0
    with world.core.db.begin() as db:
        call = help_requests.ask(db, world.core, session.id, HelpKind.HELP, "It fell.")
    world.clock.move(seconds=42)
    assert told(world)["oldest_call_seconds"] == 42
    with world.core.db.begin() as db:
        help_requests.answer(db, world.core, ADMIN, call.id, "Go on.")
    assert told(world)["oldest_call_seconds"] == 0


def test_no_label_holds_an_id(world: World, ended: Session) -> None:
    """Nor is one in any sample."""
    assert not re.search(r'="[a-z2-7]{16}"', exposition(world.core).decode())
