"""Logs of a session: what a reader of them gets, and to whom they are refused."""

import pytest

from proctoring.access.model import Role
from proctoring.holds import service as holds
from proctoring.holds.model import HoldKind
from proctoring.recordings import ending
from proctoring.sessions.model import Session
from storage.errors import StoreFailed
from tests.support.logs import answer, event, exam_with_logs, write
from tests.support.world import ADMIN, World
from tests.unit.review_ui.conftest import Office, Staff


def logged(world: World) -> Session:
    """An ended session with an entry in each log."""
    session = world.admitted(exam_with_logs(world))
    world.record(session)
    world.clock.move(seconds=12)
    write(world, session, "activity", [event(world.clock(), "paste", chars=48)])
    write(world, session, "answers", [answer(world.clock(), "forty-two")])
    with world.core.db.begin() as db:
        return ending.finish(db, world.core, session.id)


@pytest.mark.promise("P12")
def test_a_log_is_opened_after_its_view_was_entered(office: Office, proctor: Staff) -> None:
    """The time line tells how many entries there are; what they say comes with an entry in the ledger."""
    session = logged(office.world)
    line = proctor.get(f"/sessions/{session.id}/timeline.json", "application/json").json()
    assert [(log["log"], log["entries"]) for log in line["logs"]] == [("activity", 1), ("answers", 1)]
    assert not office.looks()
    answered = proctor.get(f"/sessions/{session.id}/logs/answers.json", "application/json")
    assert answered.headers["cache-control"] == "no-store"
    assert answered.json()["entries"][0]["result"] == {"response": "forty-two"}
    assert office.looks() == [{"stream": "answers", "first": 0, "why": "review"}]


@pytest.mark.promise("P12")
def test_a_view_that_fails_is_entered_all_the_same(
    office: Office, proctor: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The entry is committed first: with the store away it stands, and nothing was shown."""

    def away(key: str) -> bytes:
        raise StoreFailed("away")

    session = logged(office.world)
    monkeypatch.setattr(office.world.objects, "get", away)
    assert proctor.get(f"/sessions/{session.id}/logs/activity.json", "application/json").status_code == 503
    assert len(office.looks()) == 1


@pytest.mark.promise("P12")
@pytest.mark.parametrize("role", [Role.AUDITOR, Role.OPERATOR, Role.PRIVACY_OFFICER, Role.COMMITTEE])
def test_who_may_not_see_footage_reads_no_log(office: Office, role: Role) -> None:
    """Nor does the committee without an appeal."""
    session = logged(office.world)
    staff = office.hire("Somebody", role)
    refused = staff.get(f"/sessions/{session.id}/logs/answers.json", "application/json")
    assert refused.status_code == 403
    assert b"forty-two" not in refused.content


@pytest.mark.promise("P16")
def test_a_restricted_session_shows_no_log(office: Office, proctor: Staff) -> None:
    """Restriction locks viewing of the logs as it does of footage."""
    session = logged(office.world)
    with office.world.core.db.begin() as db:
        holds.place(
            db, office.world.core, ADMIN, session.id, HoldKind.RESTRICTION, reason="asked by the candidate"
        )
    refused = proctor.get(f"/sessions/{session.id}/logs/activity.json", "application/json")
    assert refused.status_code == 403


def test_an_open_page_reads_only_what_came_after(
    office: Office, proctor: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a log that grew, only the batches after the last that the page names are opened, however many there
    were. With nothing new, nothing is opened, and no look is entered."""
    world = office.world
    session = world.admitted(exam_with_logs(world))
    world.record(session)
    url = f"/sessions/{session.id}/logs/activity.json"
    for chars in (1, 2, 3):
        world.clock.move(seconds=4)
        write(world, session, "activity", [event(world.clock(), "paste", chars=chars)])
    whole = proctor.get(url, "application/json").json()
    assert ([entry["chars"] for entry in whole["entries"]], whole["newest"]) == ([1, 2, 3], 2)
    opened: list[str] = []
    get = world.objects.get

    def noted(key: str) -> bytes:
        opened.append(key)
        return get(key)

    monkeypatch.setattr(world.objects, "get", noted)
    news = proctor.get(f"{url}?after=1", "application/json").json()
    assert ([entry["chars"] for entry in news["entries"]], news["newest"], len(opened)) == ([3], 2, 1)
    world.clock.move(minutes=11)
    looks = len(office.looks())
    none = proctor.get(f"{url}?after=2", "application/json").json()
    assert (none["entries"], none["newest"], len(opened), len(office.looks())) == ([], 2, 1, looks)
    assert proctor.get(f"{url}?after=-2", "application/json").status_code == 422
