"""Appeals: in time or not, one against each decision, and what an answer does to the decision."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from proctoring.appeals import service as appeals
from proctoring.appeals.model import Appeal, AppealOutcome, AppealState, check_answer, refusal
from proctoring.appeals.rows import AppealRow
from proctoring.casework import claims, results
from proctoring.custody.model import Actor
from proctoring.errors import Conflict, CoreError, Invalid
from proctoring.exams.model import CountFrom, Regulation
from proctoring.flags.model import Category, Severity
from proctoring.holds import service as holds
from proctoring.holds.model import HoldKind
from proctoring.incidents import service as incidents
from proctoring.incidents.model import Amendment, Incident, IncidentState
from proctoring.incidents.rows import IncidentRow
from proctoring.privacy.model import ReviewOutcome
from proctoring.privacy.service import own_recording
from proctoring.proofs.all_rows import compare_all_rows
from proctoring.recordings.timeline import timeline
from proctoring.reviews import service as reviews
from proctoring.reviews.model import ReviewState
from proctoring.sessions.model import Session
from proctoring.units.due import due_at
from tests.support.asgi import AsgiClient
from tests.support.looks import look
from tests.support.world import ADMIN, World

ANNA, BERT = Actor("anna", "proctor"), Actor("bert", "proctor")
COMMITTEE = Actor("carla", "committee")
NOON = datetime(2026, 11, 16, 12, tzinfo=UTC)
LODGED = Appeal("a-1", "s-1", "No.", AppealState.LODGED, NOON, "h-1", None, None, None, None, "i-1")
ANSWERED = replace(LODGED, state=AppealState.CLOSED)
SEVERER = Amendment(Category.TECHNICAL, Severity.MINOR)
REGULATION = Regulation(14, CountFrom.RESULTS, "Europe/Brussels", 90)


@pytest.mark.promise("P9")
@pytest.mark.parametrize(
    ("before", "against", "late_ms", "refused"),
    [
        ([], "i-1", -1, None),
        ([], None, -1, None),
        ([], "i-1", 0, "ended"),
        ([], None, 1, "ended"),
        ([LODGED], "i-1", -1, "lodged already"),
        ([LODGED], "i-1", 1, "lodged already"),
        ([ANSWERED], "i-1", -1, "was answered"),
        ([ANSWERED, LODGED], "i-2", -1, None),
        ([LODGED], None, -1, None),
        ([replace(ANSWERED, incident_id=None)], "i-1", -1, None),
        ([replace(ANSWERED, incident_id=None)], None, -1, "was answered"),
    ],
)
def test_one_appeal_in_time_against_each_decision(
    before: list[Appeal], against: str | None, late_ms: int, refused: str | None
) -> None:
    """The end of the period is the first instant that is too late."""
    found = refusal(before, against, NOON, NOON + timedelta(milliseconds=late_ms))
    assert (found is None) is (refused is None)
    assert refused is None or refused in str(found)
    assert found is None or found.remedy


@pytest.mark.promise("P9")
@pytest.mark.parametrize(
    ("notified", "wanted"),
    [
        (None, datetime(2026, 12, 15, 23, tzinfo=UTC)),
        (datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 12, 15, 23, tzinfo=UTC)),
        (datetime(2026, 12, 10, 9, tzinfo=UTC), datetime(2026, 12, 24, 23, tzinfo=UTC)),
        (datetime(2027, 6, 1, 9, tzinfo=UTC), datetime(2027, 6, 15, 22, tzinfo=UTC)),
    ],
)
def test_the_period_runs_from_the_day_the_candidate_was_told(
    notified: datetime | None, wanted: datetime
) -> None:
    """Where that is later, in civil days; it never shortens what the results gave."""
    published = datetime(2026, 12, 1, 9, tzinfo=UTC)
    assert due_at(REGULATION, NOON, published, notified) == wanted


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


def counted(world: World, session: Session) -> Incident:
    """An incident that two people agreed on."""
    with world.core.db.begin() as db:
        claims.claim(db, world.core, ANNA, session.id)
    for person in (ANNA, BERT):
        look(world.core, person, session.id)
    with world.core.db.begin() as db:
        made = incidents.decide(
            db, world.core, ANNA, session.id, Category.OTHER, Severity.MAJOR, "A second voice."
        )
    with world.core.db.begin() as db:
        return incidents.confirm(db, world.core, BERT, made.id)


def publish(world: World, session: Session) -> None:
    with world.core.db.begin() as db:
        results.publish_results(db, world.core, ADMIN, session.exam_id)


def lodge(world: World, session: Session) -> Appeal:
    with world.core.db.begin() as db:
        return appeals.lodge(db, world.core, session.id, "I was alone.")


def close(world: World, appeal: Appeal, outcome: AppealOutcome, amendment: Amendment | None = None) -> Appeal:
    with world.core.db.begin() as db:
        return appeals.close(db, world.core, COMMITTEE, appeal.id, outcome, "We looked at it.", amendment)


def due(world: World, session: Session) -> set[datetime]:
    with world.core.db.read() as db:
        return {stream.due_at for stream in timeline(db, session.id).streams}


def told_so(world: World) -> bool:
    """Whether every row is as the ledger tells."""
    with world.core.db.read() as db:
        return compare_all_rows(db).faults == []


@pytest.mark.promise("P9")
def test_an_incident_decided_at_the_last_moment_can_be_appealed_for_the_whole_period(world: World) -> None:
    """Decided an hour before the evidence was due and closed at once: it stays until the period of the
    decision is over, by rows and ledger alike."""
    session = world.ended()
    publish(world, session)
    (before,) = due(world, session)
    world.clock.now = before - timedelta(hours=1)
    incident = counted(world, session)
    assert incident.notified_at == world.clock() + timedelta(days=1)
    with world.core.db.begin() as db:
        incidents.close(db, world.core, BERT, incident.id)
    (after,) = due(world, session)
    assert after == before + timedelta(days=15)
    assert told_so(world)
    world.clock.now = after - timedelta(milliseconds=1)
    assert not any(outcome.certificate_id for outcome in world.eraser.run())
    lodge(world, session)
    world.clock.move(days=1)
    assert not any(outcome.certificate_id for outcome in world.eraser.run())


@pytest.mark.promise("P9")
def test_results_that_come_after_a_decision_do_not_shorten_its_period(world: World) -> None:
    """Nor do those of an exam of which a session was decided before."""
    session = world.ended()
    counted(world, session)
    world.clock.move(minutes=1)
    publish(world, session)
    with world.core.db.read() as db:
        foreseen = results.preview_results(db, world.core, session.exam_id)
    assert set(foreseen) == due(world, session) == {datetime(2026, 12, 1, 23, tzinfo=UTC)}
    assert told_so(world)


@pytest.mark.promise("P9")
@pytest.mark.parametrize("days", [0, 40])
def test_an_appeal_that_is_late_is_refused_whatever_holds_the_evidence(
    world: World, client: AsgiClient, days: int
) -> None:
    """By the page's form, in the very instant in which the period ends and weeks later; nothing is placed."""
    session = world.ended()
    publish(world, session)
    with world.core.db.begin() as db:
        holds.place(db, world.core, ADMIN, session.id, HoldKind.LEGAL, "court order")
    (until,) = due(world, session)
    world.clock.now = until + timedelta(days=days)
    answer = client.post(
        f"/c/{world.core.links.invitation(session)}/appeal", data={"grounds": "I was alone."}
    )
    assert answer.status_code == 409
    assert "The time to appeal ended at" in answer.text
    assert "court" in answer.text
    with world.core.db.read() as db:
        assert [hold.kind for hold in holds.active(db, session.id)] == [HoldKind.LEGAL]
    world.clock.now = until - timedelta(milliseconds=1)
    lodge(world, session)


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


@pytest.mark.promise("P9")
@pytest.mark.parametrize("outcome", [AppealOutcome.REFUSED, AppealOutcome.WITHDRAWN])
def test_no_second_appeal_against_the_same_decision(
    world: World, client: AsgiClient, outcome: AppealOutcome
) -> None:
    """The decision stands, and the page offers no form; a POST all the same is refused."""
    session = world.ended()
    counted(world, session)
    close(world, lodge(world, session), outcome)
    home = f"/c/{world.core.links.invitation(session)}"
    page = client.get(f"{home}/recording?lang=en").text
    assert "Your appeal was answered" in page
    assert "<form" not in page
    answer = client.post(f"{home}/appeal", data={"grounds": "Once more."})
    assert answer.status_code == 409
    assert "was answered" in answer.text


@pytest.mark.promise("P9")
def test_a_decision_that_comes_after_an_appeal_can_be_appealed_as_well(
    world: World, client: AsgiClient
) -> None:
    """An appeal from before any decision, open or answered, takes nothing from the one against the
    incident."""
    session = world.ended()
    first = lodge(world, session)
    assert first.incident_id is None
    incident = counted(world, session)
    page = client.get(f"/c/{world.core.links.invitation(session)}/recording?lang=en").text
    assert "You appealed on" in page
    assert "<form" in page
    second = lodge(world, session)
    assert second.incident_id == incident.id
    close(world, first, AppealOutcome.UPHELD)
    with world.core.db.read() as db:
        assert incidents.load(db, incident.id).state is IncidentState.CONFIRMED
    assert told_so(world)


@pytest.mark.promise("P9")
@pytest.mark.promise("P13")
def test_when_a_decision_was_told_and_what_an_appeal_is_against_cannot_be_edited_unseen(world: World) -> None:
    """The ledger tells both: a notice moved to last year, and an appeal moved to no decision, are found."""
    session = world.ended()
    counted(world, session)
    lodge(world, session)
    with world.core.db.begin() as db:
        db.execute(update(IncidentRow).values(notified_at=NOON - timedelta(days=365)))
        db.execute(update(AppealRow).values(incident_id=None))
    with world.core.db.read() as db:
        found = {(one.table, one.column) for one in compare_all_rows(db).faults}
    assert found == {("incidents", "notified_at"), ("appeals", "incident_id")}


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
