"""Appeals: in time or not, and one against each decision."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from proctoring.appeals.model import Appeal, AppealOutcome, AppealState, refusal
from proctoring.appeals.rows import AppealRow
from proctoring.casework import results
from proctoring.exams.model import CountFrom, Regulation
from proctoring.holds import service as holds
from proctoring.holds.model import HoldKind
from proctoring.incidents import service as incidents
from proctoring.incidents.model import IncidentState
from proctoring.incidents.rows import IncidentRow
from proctoring.proofs.all_rows import compare_all_rows
from proctoring.units.due import due_at
from tests.support.asgi import AsgiClient
from tests.support.world import ADMIN, World
from tests.unit.capture.pages.appealed import BERT, close, counted, due, lodge, publish, told_so

NOON = datetime(2026, 11, 16, 12, tzinfo=UTC)
LODGED = Appeal("a-1", "s-1", "No.", AppealState.LODGED, NOON, "h-1", None, None, None, None, "i-1")
ANSWERED = replace(LODGED, state=AppealState.CLOSED)
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
        holds.place(db, world.core, ADMIN, session.id, HoldKind.LEGAL, reason="court order")
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
