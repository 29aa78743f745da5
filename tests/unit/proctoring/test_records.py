"""The end of what people wrote about a session, and of its record (P7, P11)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import JSON, String, select, update

from proctoring.appeals import service as appeals
from proctoring.appeals.model import AppealOutcome
from proctoring.appeals.rows import AppealRow
from proctoring.custody.model import Action, Actor
from proctoring.custody.rows import CertificateRow
from proctoring.custody.service import entries
from proctoring.help import service as help_requests
from proctoring.help.model import HelpKind
from proctoring.holds import service as holds
from proctoring.holds.model import HoldKind
from proctoring.identity import service as identity
from proctoring.incidents import service as incidents
from proctoring.incidents.model import IncidentState
from proctoring.incidents.rows import IncidentRow
from proctoring.migrations.tables import METADATA
from proctoring.privacy.service import own_recording
from proctoring.proofs.check import check_sessions, read_house
from proctoring.records import words
from proctoring.records.model import (
    RECORD,
    WORDS,
    Standing,
    record_goes,
    record_until,
    words_go,
    words_until,
)
from proctoring.reviews import flags
from proctoring.reviews import service as reviews
from proctoring.reviews.model import Category, FlagState, Severity
from proctoring.sessions import service as sessions
from proctoring.sessions.model import Session
from proctoring.sessions.rows import SessionRow
from storage.objects import MemoryObjects
from tests.support.decided import decide_everything
from tests.support.looks import look
from tests.support.world import ADMIN, World

SAID, WHO = "kanarie in woorden", "kanarie in dossier"
ANNA, BERT, DIRK = (Actor(name, "proctor") for name in ("anna", "bert", "dirk"))
CLARA = Actor("clara", "committee")
DUE, RECORD_DUE = datetime(2027, 2, 15, tzinfo=UTC), datetime(2036, 11, 16, 23, tzinfo=UTC)
YEARS = timedelta(days=3660)

OTHER_TEXT = {
    "appeals": "id session_id state hold_id outcome closed_by incident_id salts",
    "certificate_copies": "certificate_id",
    "checkpoints": "origin peaks note",
    "custody_entries": "actor role action session_id unit_id detail prev hash",
    "custody_head": "hash",
    "erasure_certificates": "id unit_id session_id body signature",
    "erasure_stops": "id session_id codes detail ended_by",
    "evidence_units": "id session_id kind state kek_epoch manifest_head erase_id",
    "exam_records": "session_id",
    "exams": "id title count_from zone streams legal_ground salts",
    "flags": "id session_id source category severity state raised_by decided_by salts",
    "gaps": "id unit_id reason cause part",
    "help_requests": "id session_id kind answered_by flag_id taken_by salts",
    "hold_units": "hold_id unit_id",
    "holds": "id session_id kind released_by salts",
    "identity_checks": "session_id checked_by salts",
    "incident_flags": "incident_id flag_id",
    "incidents": "id session_id category severity state decided_by second_by third_by hold_id salts",
    "ledger_pages": "body signature",
    "ledger_replay": "session_cursor unit_cursor",
    "ledger_stamps": "answer",
    "logged_events": "unit_id event_id",
    "logins": "token_hash user_id",
    "quarantines": "id kept_root lost_root lifted_by",
    "replay_findings": "subject row column code session_id",
    "replayed_sessions": "id digest signature",
    "retention_brakes": "id cause detail released_by salts",
    "reviews": "session_id state claimed_by decided_by unclear_by salts",
    "segments": "unit_id take_id object_key ct_sha256 media_type prev leaf_hash",
    "sessions": "id exam_id state language notice_version in_person_answered_by salts",
    "sign_in_links": "token_hash user_id",
    "signal_sheets": "unit_id take_id sheet_id object_key ct_sha256",
    "spools": "id trouble",
    "takes": "id unit_id session_id stream media_type end_cause spool_id",
    "users": "id name role salts",
}
"""Text that nobody writes about a candidate: ids, closed words, hashes; words of exams and of staff."""


def test_every_column_of_text_has_an_end_or_says_nothing_of_a_candidate() -> None:
    """A new column of text is written into the rule, or here."""
    for name, table in METADATA.tables.items():
        text = {one.name for one in table.columns if isinstance(one.type, String | JSON)}
        ends = {*WORDS.get(name, ()), *RECORD.get(name, ())}
        assert text == ends | set(OTHER_TEXT.get(name, "").split()), name


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


def written_about(world: World) -> Session:
    """Somebody wrote into every column of words that there is without a decision."""
    exam = world.exam(identity_copy=True)
    with world.core.db.begin() as db:
        session = sessions.create(db, world.core, ADMIN, exam.id, WHO)
        sessions.ask_in_person(db, world.core, session.id, SAID)
        sessions.answer_in_person(db, world.core, ADMIN, session.id, None, SAID)
        sessions.admit(db, world.core, session.id, "v1", WHO, "nl")
    world.send_card(session)
    world.record(session)
    with world.core.db.begin() as db:
        asked = help_requests.ask(db, world.core, session.id, HelpKind.HELP, SAID)
        help_requests.answer(db, world.core, ANNA, asked.id, SAID)
    world.clock.move(seconds=12)
    with world.core.db.begin() as db:
        sessions.finish(db, world.core, session.id)
    with world.core.db.begin() as db:
        identity.answer(db, world.core, ANNA, session.id, False, SAID)
        reviews.claim(db, world.core, DIRK, session.id)
        reviews.decide_unclear(db, world.core, DIRK, session.id, SAID)
        reviews.claim(db, world.core, ANNA, session.id)
        flags.add(db, world.core, ANNA, session.id, 0, 1, Category.OTHER, Severity.MINOR, SAID)
        placed = holds.place(db, world.core, ADMIN, session.id, HoldKind.LEGAL, SAID, SAID)
        holds.release(db, world.core, BERT, placed.id)
    return session


def decided_about(world: World) -> Session:
    """And into those of a decision: an incident that one of two others agreed to, appealed, closed; and one
    that nobody agreed to, appealed all the same."""
    incident_about(world, agreed=False)
    return incident_about(world, agreed=True)


def incident_about(world: World, agreed: bool) -> Session:
    session = written_about(world)
    for person in (ANNA, BERT, DIRK):
        look(world.core, person, session.id)
    with world.core.db.begin() as db:
        for flag in flags.of_session(db, session.id):
            flags.decide(db, world.core, ANNA, flag.id, FlagState.CONFIRMED)
        made = incidents.decide(db, world.core, ANNA, session.id, Category.OTHER, Severity.MAJOR, SAID)
        incidents.reject(db, world.core, DIRK, made.id, SAID)
        if agreed:
            incidents.confirm(db, world.core, BERT, made.id)
        else:
            incidents.reject(db, world.core, BERT, made.id, SAID)
        appeal = appeals.lodge(db, world.core, session.id, SAID)
        appeals.close(db, world.core, CLARA, appeal.id, AppealOutcome.REFUSED, SAID)
        if agreed:
            incidents.close(db, world.core, BERT, made.id)
    return session


def columns_with(world: World, canary: str) -> set[str]:
    """In which columns of the database it stands."""
    found = set()
    with world.core.db.read() as db:
        for name, table in METADATA.tables.items():
            for row in db.execute(select(table)).mappings():
                found |= {f"{name}.{column}" for column, value in row.items() if canary in str(value)}
    return found


def places(world: World) -> Iterator[tuple[str, bytes]]:
    """Every file of the database, with its free pages and its log, and every object of the store."""
    for file in world.folder.rglob("*"):
        if file.is_file():
            yield file.name, file.read_bytes()
    assert isinstance(world.objects, MemoryObjects)
    yield from world.objects._objects.items()


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
        flags.add(db, world.core, ANNA, session.id, 0, 1, Category.OTHER, Severity.MINOR, SAID)
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
