"""Calls for help, the schedule and the wish to sit in person, as the candidate's pages have them."""

from datetime import UTC, datetime, timedelta

import pytest

from proctoring.clock import iso
from proctoring.custody.model import Actor
from proctoring.exams.model import LANGUAGES, Stream
from proctoring.help import service as help_requests
from proctoring.sessions import service as sessions
from proctoring.sessions.model import Schedule
from proctoring.web.templates import civil
from tests.support.asgi import AsgiClient
from tests.support.world import ADMIN, World


def test_a_call_and_its_answer(world: World, client: AsgiClient) -> None:
    """What the exam page shows: the candidate's words, the answer, and whether they are away."""
    session = world.admitted(world.exam(streams=(Stream.WEBCAM,)))
    world.begin(session)
    home = f"/c/{world.core.links.invitation(session)}"
    assert client.post(f"{home}/help", data={"kind": "help", "text": "A noise outside."}).status_code == 204
    assert client.post(f"{home}/help", data={"kind": "away"}).status_code == 204
    with world.core.db.begin() as db:
        call = next(one for one in help_requests.of_session(db, session.id) if one.text)
        help_requests.answer(db, world.core, Actor("staff-1", "proctor"), call.id, "Go on, please.")
    said = {one["kind"]: one for one in client.get(f"{home}/help.json").json()["requests"]}
    assert (said["help"]["text"], said["help"]["answer"]) == ("A noise outside.", "Go on, please.")
    assert said["away"]["ended"] is False
    assert client.post(f"{home}/back").status_code == 204
    assert all(one["ended"] for one in client.get(f"{home}/help.json").json()["requests"])
    own = client.get(f"{home}/recording?lang=en").text
    assert "A noise outside." in own
    assert "Proctor: Go on, please." in own
    assert client.post(f"{home}/help", data={"kind": "help", "text": " "}).status_code == 422
    assert client.post(f"{home}/help", data={"kind": "sleep"}).status_code == 422


def test_status_tells_start_and_end_with_the_extra_time(world: World, client: AsgiClient) -> None:
    exam = world.exam(streams=(Stream.WEBCAM,))
    starts_at = world.clock.now + timedelta(hours=1)
    with world.core.db.begin() as db:
        schedule = Schedule(starts_at, 60, 15)
        session = sessions.create(db, world.core, ADMIN, exam.id, "C-1", schedule=schedule)
    status = client.get(f"/c/{world.core.links.invitation(session)}/status.json").json()
    assert status["starts_at"] == iso(starts_at)
    assert status["ends_at"] == iso(starts_at + timedelta(minutes=75))


@pytest.mark.promise("P18")
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_notice_leads_to_the_wish_and_the_page_confirms_it(
    world: World, client: AsgiClient, language: str
) -> None:
    """No reason is asked for, and nothing else happens to the session."""
    session = world.session()
    home = f"/c/{world.core.links.invitation(session)}"
    assert f'href="{home}/in-person"' in client.get(f"{home}?lang={language}").text
    form = client.get(f"{home}/in-person?lang={language}").text
    assert 'name="wish"' in form
    assert "required" not in form
    assert client.post(f"{home}/in-person", data={"wish": "I share a room."}).status_code == 303
    confirmed = client.get(f"{home}/in-person?lang={language}").text
    assert "I share a room." in confirmed
    assert "<form" not in confirmed
    with world.core.db.read() as db:
        assert sessions.load(db, session.id) == session


@pytest.mark.promise("P18")
@pytest.mark.parametrize("language", ["nl", "fr", "de", "en"])
def test_the_candidate_sees_the_answer_to_a_wish(client: AsgiClient, world: World, language: str) -> None:
    """The notice says that there is one; the page has its date, in the exam's time, and its words."""
    session = world.session()
    home = f"/c/{world.core.links.invitation(session)}"
    with world.core.db.begin() as db:
        sessions.ask_in_person(db, world.core, session.id, "I share a room.")
    assert "#answer" not in client.get(home).text
    with world.core.db.begin() as db:
        sits_at = datetime(2027, 1, 11, 8, 0, tzinfo=UTC)
        sessions.answer_in_person(
            db, world.core, ADMIN, session.id, sits_at=sits_at, answer="Room 4. Bring your card."
        )
    assert f'href="{home}/in-person#answer"' in client.get(home).text
    page = client.get(f"{home}/in-person?lang={language}").text
    assert civil(sits_at, "Europe/Brussels", language) in page
    assert "Room 4. Bring your card." in page
