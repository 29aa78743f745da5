"""A dry run says of what people wrote, and of exam records, what the next pass does with them (P7, P11)."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from proctoring.flags.rows import FlagRow
from proctoring.holds import worker_state
from proctoring.holds.brake import Brake, BrakeCause
from proctoring.records import words
from proctoring.records.model import RECORD, Standing
from retention.plan import Fate
from retention.written import Written, WrittenLine, record_fate, words_fate
from tests.support.decided import decide_everything
from tests.support.world import World
from tests.support.written import decided_about, written_about

DUE, RECORD_DUE = datetime(2027, 2, 15, tzinfo=UTC), datetime(2036, 11, 16, 23, tzinfo=UTC)
MOMENT = timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("footage", "held", "decided", "now", "said", "of_record"),
    [
        (False, True, False, RECORD_DUE, "stays held", "stays held"),
        (True, False, False, DUE - MOMENT, "stays due 2027-02-15", "stays due 2036"),
        (True, False, False, DUE, "stays its recording is still there", "stays due 2036"),
        (False, False, False, DUE, "goes due since 2027-02-15", "stays due 2036"),
        (False, False, True, DUE, "stays due 2036", "stays due 2036"),
        (False, False, True, RECORD_DUE, "goes due since 2036", "goes due since 2036"),
        (True, False, True, RECORD_DUE, "stays its recording", "stays its recording"),
    ],
)
def test_each_fate_says_why(
    footage: bool, held: bool, decided: bool, now: datetime, said: str, of_record: str
) -> None:
    left = Standing(footage, held, decided, DUE, RECORD_DUE)
    assert " ".join(words_fate(left, now)).startswith(said)
    assert " ".join(record_fate(left, now)).startswith(of_record)


def foretold(world: World) -> dict[tuple[str, Written], WrittenLine]:
    return {(line.session_id, line.what): line for line in world.eraser.foretell().written}


def left(world: World) -> dict[tuple[str, Written], int]:
    """How many texts, and whether a reference is left, of each session."""
    with world.core.db.read() as db:
        found: dict[tuple[str, Written], int] = {}
        for session_id in {one for one, _ in foretold(world)}:
            found[session_id, Written.WORDS] = words.count(db, session_id)
            found[session_id, Written.RECORD] = words.count(db, session_id, RECORD)
    return {key: count for key, count in found.items() if count}


@pytest.mark.parametrize("days", [50, 110, 3700])
def test_the_next_pass_does_what_was_foretold(tmp_path: Path, days: int) -> None:
    """Of sessions in every state that are over, at every time of their lives: what goes, goes; what stays,
    stays; and asking writes nothing."""
    world = World(tmp_path)
    running = decide_everything(world)
    decided_about(world)
    written_about(world)
    world.clock.move(days=days)
    before = left(world)
    told = foretold(world)
    assert foretold(world) == told
    assert {key: line.texts for key, line in told.items() if line.what is Written.WORDS} == {
        key: count for key, count in before.items() if key[1] is Written.WORDS
    }
    world.eraser.run(confirmed=True)
    after = left(world)
    going = {key for key, line in told.items() if line.fate is Fate.GOES}
    not_over = {running.invited.id, running.recording.id}
    assert {key for key in before.keys() - after.keys() if key[0] not in not_over} == going
    assert all(line.failure is None for line in told.values())


@pytest.mark.promise("P7")
def test_words_stay_while_their_recording_does(world: World) -> None:
    """A brake keeps the recording beyond its date, and with it what people wrote."""
    session = written_about(world)
    world.clock.move(days=120)
    with world.core.db.begin() as db:
        worker_state.pull(db, world.core, Brake(BrakeCause.CLOCKS_DISAGREE, "two clocks disagree"))
    line = foretold(world)[session.id, Written.WORDS]
    assert (line.fate, line.why) == (Fate.STAYS, "its recording is still there")


@pytest.mark.promise("P7")
def test_what_would_not_go_says_why(world: World) -> None:
    """A brake that is pulled; rows that the ledger contradicts."""
    session = written_about(world)
    world.clock.move(days=120)
    world.eraser.run(confirmed=True)
    with world.core.db.begin() as db:
        db.execute(update(FlagRow).where(FlagRow.session_id == session.id).values(note="Put in later"))
    line = foretold(world)[session.id, Written.WORDS]
    assert (line.fate, line.failure is not None) == (Fate.GOES, True)
    assert "note" in str(line.failure)
    world.eraser.run(confirmed=True)
    with world.core.db.read() as db:
        assert "Put in later" in set(db.scalars(select(FlagRow.note)))
    with world.core.db.begin() as db:
        worker_state.pull(db, world.core, Brake(BrakeCause.CLOCKS_DISAGREE, "two clocks disagree"))
    assert foretold(world)[session.id, Written.WORDS].failure == "braked: two clocks disagree"
