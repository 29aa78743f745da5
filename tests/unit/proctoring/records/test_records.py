"""The end of what people wrote about a session, and of its record (P7, P11)."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from proctoring.appeals.model import AppealOutcome
from proctoring.appeals.rows import AppealRow
from proctoring.custody.model import Action
from proctoring.custody.rows import CertificateRow
from proctoring.custody.service import entries
from proctoring.incidents.model import IncidentState
from proctoring.incidents.rows import IncidentRow
from proctoring.privacy.service import own_recording
from proctoring.proofs.check import check_sessions, read_house
from proctoring.records import words
from proctoring.records.model import (
    WORDS,
    Standing,
    record_goes,
    record_until,
    words_go,
    words_until,
)
from proctoring.sessions import service as sessions
from proctoring.sessions.model import Session
from proctoring.sessions.rows import SessionRow
from tests.support.decided import decide_everything
from tests.support.world import World
from tests.support.written import SAID, WHO, columns_with, decided_about, flag_it, places, written_about

DUE, RECORD_DUE = datetime(2027, 2, 15, tzinfo=UTC), datetime(2036, 11, 16, 23, tzinfo=UTC)
YEARS = timedelta(days=3660)


@pytest.mark.promise("P7")
@pytest.mark.promise("P11")
@pytest.mark.parametrize(
    ("footage", "held", "decided", "until", "goes_at_due", "goes_with_the_record"),
    [
        (True, False, False, DUE, False, False),
        (True, True, True, None, False, False),
        (False, True, False, None, False, False),
        (False, True, True, None, False, False),
        (False, False, False, DUE, True, True),
        (False, False, True, RECORD_DUE, False, True),
    ],
)
def test_words_go_with_the_footage_or_with_the_record(
    footage: bool,
    held: bool,
    decided: bool,
    until: datetime | None,
    goes_at_due: bool,
    goes_with_the_record: bool,
) -> None:
    """Nothing goes while footage is left or a hold is on it; what a decision rests on goes with the
    record."""
    left = Standing(footage, held, decided, DUE, RECORD_DUE)
    assert words_until(left) == until
    before = timedelta(milliseconds=1)
    assert not words_go(left, DUE - before)
    assert words_go(left, DUE) is goes_at_due
    assert words_go(left, RECORD_DUE) is goes_with_the_record
    assert not record_goes(left, RECORD_DUE - before)
    assert record_goes(left, RECORD_DUE) is goes_with_the_record


def test_a_record_is_kept_ten_civil_years() -> None:
    """To local midnight; of the 29th of February to the end of the 28th."""
    summer = datetime(2026, 7, 1, 12, tzinfo=UTC)
    assert record_until(summer, "Europe/Brussels") == datetime(2036, 7, 1, 22, tzinfo=UTC)
    leap = datetime(2028, 2, 29, 12, tzinfo=UTC)
    assert record_until(leap, "Europe/Brussels") == datetime(2038, 2, 28, 23, tzinfo=UTC)


def without_decision() -> set[str]:
    mine = {f"{table}.{column}" for table, columns in WORDS.items() for column in columns}
    return {one for one in mine if not one.startswith(("incidents.", "appeals."))}


def agrees(world: World) -> None:
    """Every row is as the ledger tells."""
    with world.core.db.read() as db:
        everybody = list(db.scalars(select(SessionRow.id)))
        for checked in check_sessions(db, read_house(db), everybody):
            assert checked.compared.faults == []


@pytest.mark.promise("P7")
def test_a_canary_in_every_column_of_words_is_gone_with_the_footage(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """Database, its free pages and its log, service logs and store hold it no more; the certificates count
    it; the ledger agrees; who sat which exam stays for the record, and goes with it."""
    session = written_about(world)
    assert columns_with(world, SAID) == without_decision()
    with world.core.db.read() as db:
        there = words.count(db, session.id)
    if world.database_url is None:
        assert {name for name, data in places(world) if SAID.encode() in data} >= {"world.db-wal"}
    world.clock.move(days=120)
    world.eraser.run(confirmed=True)
    assert columns_with(world, SAID) == set()
    assert columns_with(world, WHO) == {"sessions.ref", "sessions.notice_text"}
    assert not [name for name, data in places(world) if SAID.encode() in data]
    with world.core.db.read() as db:
        bodies = [row.body for row in db.scalars(select(CertificateRow))]
        told = own_recording(db, world.core, session.id)
    assert all(f'"texts_erased":{there}' in body for body in bodies)
    assert told.texts == 0
    agrees(world)
    world.clock.move(days=YEARS.days)
    world.eraser.run(confirmed=True)
    assert columns_with(world, WHO) == set()
    said = capsys.readouterr()
    for canary in (SAID, WHO):
        assert not [name for name, data in places(world) if canary.encode() in data]
        assert canary not in said.out + said.err
    agrees(world)


@pytest.mark.promise("P7")
@pytest.mark.promise("P11")
def test_words_that_a_decision_rests_on_go_with_the_record(world: World) -> None:
    """The footage goes when the last hold has ended; the words stay, the candidate is told until when, and
    then every one is gone."""
    session = decided_about(world)
    assert columns_with(world, SAID) == {f"{t}.{c}" for t, columns in WORDS.items() for c in columns}
    world.clock.move(days=120)
    assert any(outcome.certificate_id for outcome in world.eraser.run(confirmed=True))
    assert columns_with(world, SAID) == {f"{t}.{c}" for t, columns in WORDS.items() for c in columns}
    with world.core.db.read() as db:
        told = own_recording(db, world.core, session.id)
    assert told.texts > 0
    assert told.texts_until == RECORD_DUE
    world.clock.now = RECORD_DUE - timedelta(milliseconds=1)
    world.eraser.run(confirmed=True)
    assert columns_with(world, SAID)
    world.clock.now = RECORD_DUE
    world.eraser.run(confirmed=True)
    for canary in (SAID, WHO):
        assert columns_with(world, canary) == set()
        assert not [name for name, data in places(world) if canary.encode() in data]
    agrees(world)


def test_words_written_after_the_end_go_with_the_next_pass(world: World) -> None:
    """A note on a session whose recording is gone, or words that a restored backup brought back."""
    session = written_about(world)
    world.clock.move(days=120)
    world.eraser.run(confirmed=True)
    with world.core.db.begin() as db:
        flag_it(db, world, session)
    assert columns_with(world, SAID) == {"flags.note"}
    world.eraser.run(confirmed=True)
    assert columns_with(world, SAID) == set()
    agrees(world)


def test_a_wish_of_somebody_who_never_came_goes_too(world: World) -> None:
    """Nothing was recorded: it goes when a recording would have gone."""
    session = world.session()
    with world.core.db.begin() as db:
        sessions.ask_in_person(db, world.core, session.id, SAID)
    world.clock.move(days=90)
    world.eraser.run(confirmed=True)
    assert columns_with(world, SAID) == {"sessions.in_person_wish"}
    world.clock.move(days=20)
    world.eraser.run(confirmed=True)
    assert columns_with(world, SAID) == set()


@pytest.mark.promise("P8")
@pytest.mark.promise("P9")
def test_nothing_of_what_is_held_goes(world: World) -> None:
    """Of sessions in every state: those that are held keep all of it; each session that is over has one
    record, with one entry."""
    decided = decide_everything(world)

    def count(session: Session) -> int:
        with world.core.db.read() as db:
            return words.count(db, session.id)

    before = {name: count(getattr(decided, name)) for name in decided.__slots__}
    world.clock.move(days=200)
    world.eraser.run(confirmed=True)
    after = {name: count(getattr(decided, name)) for name in decided.__slots__}
    kept = {"agreed", "annulled", "amended", "disputed"}
    assert {name for name in before if after[name]} == kept
    assert all(after[name] == before[name] for name in kept)
    agrees(world)
    world.eraser.run(confirmed=True)
    with world.core.db.read() as db:
        made = [one.session_id for one in entries(db) if one.action is Action.RECORD_MAKE]
    assert len(made) == len(set(made)) == len(decided.__slots__)


@pytest.mark.promise("P8")
def test_an_end_that_rows_alone_claim_is_none(world: World) -> None:
    """Whoever takes a decision back in the rows, and not in the ledger, makes no words go."""
    decided_about(world)
    world.clock.move(days=120)
    world.eraser.run(confirmed=True)
    with world.core.db.begin() as db:
        db.execute(update(IncidentRow).values(state=IncidentState.REJECTED.value))
        db.execute(update(AppealRow).values(outcome=AppealOutcome.WITHDRAWN.value))
    world.eraser.run(confirmed=True)
    assert "incidents.reasons" in columns_with(world, SAID)
