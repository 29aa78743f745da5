"""Answers to an appeal: what each does to the decision."""

import pytest

from proctoring.appeals import service as appeals
from proctoring.appeals.model import AppealOutcome, AppealState, check_answer
from proctoring.casework import claims
from proctoring.errors import Conflict, CoreError, Invalid
from proctoring.flags.model import Category, Severity
from proctoring.holds import service as holds
from proctoring.holds.model import HoldKind
from proctoring.incidents import service as incidents
from proctoring.incidents.model import Amendment, IncidentState
from proctoring.privacy.model import ReviewOutcome
from proctoring.privacy.service import own_recording
from proctoring.reviews import service as reviews
from proctoring.reviews.model import ReviewState
from tests.support.asgi import AsgiClient
from tests.support.world import World
from tests.unit.capture.pages.appealed import ANNA, BERT, close, counted, due, lodge, publish, told_so

SEVERER = Amendment(Category.TECHNICAL, Severity.MINOR)


@pytest.mark.parametrize("outcome", list(AppealOutcome))
def test_an_amendment_says_what_the_decision_is_now(outcome: AppealOutcome) -> None:
    """It needs a decision and its new kind; no other outcome takes one."""
    if outcome is AppealOutcome.AMENDED:
        check_answer(outcome, "i-1", SEVERER)
        for incident, amendment in (("i-1", None), (None, SEVERER)):
            with pytest.raises(Invalid):
                check_answer(outcome, incident, amendment)
    else:
        check_answer(outcome, None, None)
        with pytest.raises(Invalid):
            check_answer(outcome, "i-1", SEVERER)


@pytest.mark.promise("P9")
def test_an_appeal_upheld_annuls_the_incident(world: World, client: AsgiClient) -> None:
    """It counts no more, its hold ends with the appeal's, the page says so, and it is decided for good."""
    session = world.ended()
    publish(world, session)
    (before,) = due(world, session)
    incident = counted(world, session)
    appeal = lodge(world, session)
    assert appeal.incident_id == incident.id
    close(world, appeal, AppealOutcome.UPHELD)
    with world.core.db.read() as db:
        assert incidents.load(db, incident.id).state is IncidentState.ANNULLED
        assert holds.active(db, session.id) == []
        assert reviews.load(db, session.id).state is ReviewState.ANNULLED
        own = own_recording(db, world.core, session.id)
    assert (own.outcome, own.incident, due(world, session)) == (ReviewOutcome.ANNULLED, None, {before})
    page = client.get(f"/c/{world.core.links.invitation(session)}/recording?lang=en").text
    assert "The appeals committee took the decision back" in page
    assert "A second voice." not in page
    assert told_so(world)
    with world.core.db.begin() as db, pytest.raises(Conflict):
        claims.claim(db, world.core, ANNA, session.id)


@pytest.mark.promise("P9")
def test_an_appeal_upheld_takes_back_an_incident_that_was_closed_meanwhile(world: World) -> None:
    """Closing ends its hold, not what it says of the candidate."""
    session = world.ended()
    incident = counted(world, session)
    appeal = lodge(world, session)
    with world.core.db.begin() as db:
        incidents.close(db, world.core, BERT, incident.id)
    close(world, appeal, AppealOutcome.UPHELD)
    with world.core.db.read() as db:
        assert incidents.load(db, incident.id).state is IncidentState.ANNULLED
    assert told_so(world)


@pytest.mark.promise("P9")
def test_an_appeal_upheld_in_part_amends_the_incident(world: World, client: AsgiClient) -> None:
    """Kind and severity are what the committee says, and the candidate's page shows them; it stays held."""
    session = world.ended()
    incident = counted(world, session)
    close(world, lodge(world, session), AppealOutcome.AMENDED, SEVERER)
    with world.core.db.read() as db:
        amended = incidents.load(db, incident.id)
        assert [hold.kind for hold in holds.active(db, session.id)] == [HoldKind.INCIDENT]
    assert (amended.category, amended.severity) == (SEVERER.category, SEVERER.severity)
    assert amended.state is IncidentState.CONFIRMED
    page = client.get(f"/c/{world.core.links.invitation(session)}/recording?lang=en").text
    assert "a technical matter" in page
    assert "you were right in part" in page
    assert told_so(world)


def test_an_answer_that_cannot_be_changes_nothing(world: World) -> None:
    """An amendment of nothing; the appeal is open still."""
    session = world.ended()
    appeal = lodge(world, session)
    cases: list[tuple[AppealOutcome, Amendment | None, type[CoreError]]] = [
        (AppealOutcome.AMENDED, SEVERER, Invalid),
        (AppealOutcome.AMENDED, None, Invalid),
        (AppealOutcome.UPHELD, SEVERER, Invalid),
    ]
    for outcome, amendment, error in cases:
        with pytest.raises(error):
            close(world, appeal, outcome, amendment)
    with world.core.db.read() as db:
        assert appeals.load(db, appeal.id).state is AppealState.LODGED
