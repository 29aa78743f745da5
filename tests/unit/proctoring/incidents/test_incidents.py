"""Incidents: what they hold, who has to agree, and what ends them."""

import pytest

from proctoring.errors import Conflict, CoreError, Denied, Invalid, WrongState
from proctoring.flags.model import Category, Severity
from proctoring.incidents import service as incidents
from proctoring.incidents.model import AWAITING, IncidentState, after_answer
from proctoring.proofs.all_rows import compare_all_rows
from proctoring.reviews.model import ReviewState
from proctoring.sessions.model import Session
from tests.support.looks import look
from tests.support.world import World
from tests.unit.proctoring.decided import (
    ANNA,
    BERT,
    DIRK,
    NOTHING,
    REASONS,
    claimed,
    decide,
    held_units,
    no,
    state,
)


@pytest.mark.promise("P8")
def test_an_incident_holds_at_once_and_counts_when_a_second_person_agrees(
    world: World, ended: Session
) -> None:
    """One person's decision holds all evidence; only another person makes it count."""
    incident = decide(world, ended)
    assert held_units(world, ended) == 3
    assert state(world, ended) is ReviewState.SECOND_PERSON
    with world.core.db.begin() as db, pytest.raises(Denied):
        incidents.confirm(db, world.core, ANNA, incident.id)
    with world.core.db.begin() as db, pytest.raises(Denied):
        incidents.reject(db, world.core, ANNA, incident.id, REASONS)
    look(world.core, BERT, ended.id)
    with world.core.db.begin() as db:
        assert incidents.confirm(db, world.core, BERT, incident.id).state is IncidentState.CONFIRMED
    assert state(world, ended) is ReviewState.INCIDENT
    with world.core.db.begin() as db, pytest.raises(WrongState):
        incidents.reject(db, world.core, DIRK, incident.id, REASONS)


@pytest.mark.promise("P8")
def test_after_a_no_a_third_person_decides_once(world: World, ended: Session) -> None:
    """The evidence is held meanwhile; their no ends the hold, it is no concern, and nobody begins anew."""
    incident = decide(world, ended)
    no(world, ended, incident, BERT)
    assert held_units(world, ended) == 3
    assert state(world, ended) is ReviewState.SECOND_PERSON
    for person in (ANNA, BERT):
        look(world.core, person, ended.id)
        with world.core.db.begin() as db, pytest.raises(Denied, match="yourself"):
            incidents.confirm(db, world.core, person, incident.id)
    rejected = no(world, ended, incident, DIRK)
    assert (rejected.second_by, rejected.third_by) == ("bert", "dirk")
    assert rejected.second_reasons == NOTHING
    assert held_units(world, ended) == 0
    assert state(world, ended) is ReviewState.NO_CONCERN
    for person in (ANNA, BERT, DIRK):
        with pytest.raises(WrongState):
            claimed(world, ended, person)
    with world.core.db.read() as db:
        assert compare_all_rows(db).faults == []


@pytest.mark.promise("P8")
def test_a_third_person_who_agrees_makes_it_count(world: World, ended: Session) -> None:
    """Two of three saw it; the candidate is told when the last of them said so."""
    incident = decide(world, ended)
    no(world, ended, incident, BERT)
    world.clock.move(hours=1)
    look(world.core, DIRK, ended.id)
    with world.core.db.begin() as db:
        agreed = incidents.confirm(db, world.core, DIRK, incident.id)
    assert (agreed.state, agreed.agreed_at) == (IncidentState.CONFIRMED, world.clock())
    assert held_units(world, ended) == 3
    with world.core.db.read() as db:
        assert compare_all_rows(db).faults == []


@pytest.mark.parametrize("reasons", ["", " ", "no"])
def test_a_no_needs_reasons(world: World, ended: Session, reasons: str) -> None:
    """Without them it is not said."""
    incident = decide(world, ended)
    look(world.core, BERT, ended.id)
    with world.core.db.begin() as db, pytest.raises(Invalid):
        incidents.reject(db, world.core, BERT, incident.id, reasons)
    with world.core.db.read() as db:
        assert incidents.load(db, incident.id).state is IncidentState.AWAITING_SECOND


@pytest.mark.parametrize(
    ("state", "agrees", "after"),
    [
        (IncidentState.AWAITING_SECOND, True, IncidentState.CONFIRMED),
        (IncidentState.AWAITING_SECOND, False, IncidentState.AWAITING_THIRD),
        (IncidentState.AWAITING_THIRD, True, IncidentState.CONFIRMED),
        (IncidentState.AWAITING_THIRD, False, IncidentState.REJECTED),
        *(
            (state, agrees, None)
            for state in IncidentState
            if state not in AWAITING
            for agrees in (True, False)
        ),
    ],
)
def test_each_answer_in_each_state(state: IncidentState, agrees: bool, after: IncidentState | None) -> None:
    """As the table of `incidents.model` says."""
    if after is None:
        with pytest.raises(WrongState):
            after_answer(state, agrees)
    else:
        assert after_answer(state, agrees) is after


@pytest.mark.promise("P10")
def test_closing_an_incident_ends_its_hold_and_needs_another_person(world: World, ended: Session) -> None:
    """Not the person who decided it."""
    incident = decide(world, ended)
    look(world.core, BERT, ended.id)
    with world.core.db.begin() as db:
        incidents.confirm(db, world.core, BERT, incident.id)
    with world.core.db.begin() as db, pytest.raises(Denied):
        incidents.close(db, world.core, ANNA, incident.id)
    with world.core.db.begin() as db:
        incidents.close(db, world.core, BERT, incident.id)
    assert held_units(world, ended) == 0


def test_an_incident_needs_a_claim_and_reasons(world: World, ended: Session) -> None:
    """Without either nothing is decided and nothing is held."""
    cases: list[tuple[bool, str, type[CoreError]]] = [(False, REASONS, Conflict), (True, " ", Invalid)]
    for claim_first, reasons, error in cases:
        if claim_first:
            claimed(world, ended)
        with world.core.db.begin() as db, pytest.raises(error):
            incidents.decide(
                db,
                world.core,
                ANNA,
                ended.id,
                category=Category.OTHER,
                severity=Severity.MINOR,
                reasons=reasons,
            )
    assert held_units(world, ended) == 0
