"""Appeals and holds of a session, and the queue that is ordered by its due date."""

import pytest

from proctoring.appeals import service as appeals
from proctoring.appeals.model import AppealOutcome, AppealState
from proctoring.errors import Conflict, Denied, Invalid, WrongState
from proctoring.holds import service as holds
from proctoring.incidents import service as incidents
from proctoring.sessions.model import Session
from proctoring.summaries.model import Stage
from tests.support.looks import look
from tests.support.world import World
from tests.unit.proctoring.decided import ANNA, BERT, COMMITTEE, DIRK, claimed, decide, held_units, no


@pytest.mark.parametrize("act", ["claim", "second", "third"])
def test_a_member_who_reviewed_or_seconded_is_out_of_the_appeal(
    world: World, ended: Session, act: str
) -> None:
    """By the ledger; another member answers it."""
    incident = decide(world, ended, COMMITTEE if act == "claim" else ANNA)
    if act == "third":
        no(world, ended, incident, BERT)
    second = COMMITTEE if act != "claim" else BERT
    look(world.core, second, ended.id)
    with world.core.db.begin() as db:
        incidents.confirm(db, world.core, second, incident.id)
    with world.core.db.begin() as db:
        appeal = appeals.lodge(db, world.core, ended.id, "I was alone.")
    with world.core.db.begin() as db, pytest.raises(Denied, match="took part"):
        appeals.close(
            db, world.core, COMMITTEE, appeal.id, outcome=AppealOutcome.REFUSED, answer="It stands."
        )
    with world.core.db.begin() as db:
        appeals.close(db, world.core, DIRK, appeal.id, outcome=AppealOutcome.REFUSED, answer="It stands.")


@pytest.mark.promise("P9")
def test_an_appeal_is_answered_once_and_its_answer_ends_the_hold(world: World, ended: Session) -> None:
    """While it is open no second one is taken; closing it needs an answer."""
    with world.core.db.begin() as db:
        appeal = appeals.lodge(db, world.core, ended.id, "I was alone.")
    assert held_units(world, ended) == 3
    with world.core.db.begin() as db, pytest.raises(Conflict):
        appeals.lodge(db, world.core, ended.id, "Again.")
    with world.core.db.begin() as db, pytest.raises(Invalid):
        appeals.close(db, world.core, COMMITTEE, appeal.id, outcome=AppealOutcome.UPHELD, answer="")
    with world.core.db.begin() as db:
        closed = appeals.close(
            db, world.core, COMMITTEE, appeal.id, outcome=AppealOutcome.UPHELD, answer="You were alone."
        )
    assert closed.state is AppealState.CLOSED
    assert held_units(world, ended) == 0
    with world.core.db.begin() as db, pytest.raises(WrongState):
        appeals.close(db, world.core, COMMITTEE, appeal.id, outcome=AppealOutcome.REFUSED, answer="No.")


def test_holds_of_several_kinds_add_up(world: World, ended: Session) -> None:
    """Releasing one of two leaves the other in force."""
    incident = decide(world, ended)
    with world.core.db.begin() as db:
        appeals.lodge(db, world.core, ended.id, "I object.")
    assert held_units(world, ended) == 6
    no(world, ended, incident, BERT)
    no(world, ended, incident, DIRK)
    assert held_units(world, ended) == 3
    with world.core.db.read() as db:
        assert [hold.kind.value for hold in holds.active(db, ended.id)] == ["appeal"]


def test_the_queue_shows_what_is_due_first(world: World, ended: Session) -> None:
    """Lines carry the due date, the flags, the length and who has claimed."""
    claimed(world, ended)
    (line,) = world.queued()
    assert world.queued(Stage.DECIDED) == []
    assert line.session.id == ended.id
    assert line.review.claimed_by == "anna"
    assert world.glance(ended).length_ms > 0
    assert not line.held
