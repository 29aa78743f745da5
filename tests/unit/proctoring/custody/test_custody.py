"""The custody ledger: contiguous, chained, in the act's own transaction."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete, update

from proctoring.custody.model import Action, Actor, first_break
from proctoring.custody.rows import EntryRow
from proctoring.custody.service import enter, entries, head
from proctoring.custody.views import enter_view
from tests.support.world import World

ANNA = Actor("anna", "proctor")


@pytest.mark.promise("P12")
def test_every_act_of_a_life_stands_in_an_unbroken_chain(world: World) -> None:
    """Numbers run from 1 without a hole and each entry carries the hash of the one before it."""
    world.ended()
    with world.core.db.read() as db:
        chain = entries(db)
        assert head(db) == (len(chain), chain[-1].hash)
    assert first_break(chain) is None
    assert {Action.SESSION_CREATE, Action.TAKE_BEGIN, Action.SESSION_FINISH} <= {e.action for e in chain}


@pytest.mark.parametrize(
    "attack",
    [
        update(EntryRow).where(EntryRow.number == 3).values(actor="somebody else"),
        update(EntryRow).where(EntryRow.number == 3).values(session_id="other"),
        delete(EntryRow).where(EntryRow.number == 3),
        delete(EntryRow).where(EntryRow.number == 1),
    ],
)
def test_an_edited_or_removed_entry_is_found(world: World, attack: object) -> None:
    """Recomputing the chain stops at the first entry that was touched."""
    world.ended()
    with world.core.db.begin() as db:
        db.execute(attack)  # type: ignore[call-overload]
    with world.core.db.read() as db:
        assert first_break(entries(db)) in (1, 3)


def test_an_act_that_fails_leaves_no_entry(world: World) -> None:
    """Act and entry share one transaction."""
    session = world.session()
    with world.core.db.read() as db:
        before = head(db)
    with pytest.raises(RuntimeError), world.core.db.begin() as db:
        enter(db, world.clock, ANNA, Action.REVIEW_CLAIM, session.id)
        raise RuntimeError
    with world.core.db.read() as db:
        assert head(db) == before


def test_entries_written_at_the_same_time_still_make_one_chain(world: World) -> None:
    """Twenty writers on four threads leave no hole and no fork."""

    def one(number: int) -> None:
        with world.core.db.begin() as db:
            enter(db, world.clock, ANNA, Action.REVIEW_CLAIM, f"session-{number}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(20)))
    with world.core.db.read() as db:
        chain = entries(db)
    assert len(chain) == 20
    assert first_break(chain) is None


def test_looking_is_entered_once_for_a_stretch_and_anew_later(world: World) -> None:
    """Ten minutes of watching one stream is one entry; another person, stream or hour is another."""
    session = world.ended()
    bert = Actor("bert", "proctor")

    def look(actor: Actor, unit: str) -> None:
        with world.core.db.begin() as db:
            enter_view(db, world.core, actor, session.id, unit, stream="webcam", position=0, why="review")

    for actor, unit in ((ANNA, "u1"), (ANNA, "u1"), (bert, "u1"), (ANNA, "u2")):
        look(actor, unit)
    world.clock.move(minutes=11)
    look(ANNA, "u1")
    with world.core.db.read() as db:
        views = [e for e in entries(db) if e.action is Action.EVIDENCE_VIEW]
    assert [(e.actor, e.unit_id) for e in views] == [
        ("anna", "u1"),
        ("bert", "u1"),
        ("anna", "u2"),
        ("anna", "u1"),
    ]
