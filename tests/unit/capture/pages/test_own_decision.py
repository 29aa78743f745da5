"""Decisions about a recording, as its candidate reads of them (P17), and the appeal against them."""

import pytest

from proctoring.appeals import service as appeals
from proctoring.appeals.model import AppealOutcome
from proctoring.casework import claims
from proctoring.casework.flagging import add_flag
from proctoring.exams.model import Stream
from proctoring.flags.model import Category, Severity
from proctoring.incidents import service as incidents
from proctoring.privacy.model import ReviewOutcome
from proctoring.recordings import ending
from proctoring.reviews import service as reviews
from proctoring.sessions.model import EndReason
from tests.support.asgi import AsgiClient
from tests.support.world import World
from tests.unit.capture.pages.own_page import (
    COMMITTEE,
    FIRST,
    SECOND,
    decide_incident,
    look_at_flags,
    own,
    page,
    publish,
)


@pytest.mark.promise("P7")
@pytest.mark.promise("P17")
def test_it_says_what_is_left_of_what_people_wrote(world: World, client: AsgiClient) -> None:
    """How much, and until when: with the recording; with the record once a decision stands; nothing after."""
    plain, serious = world.ended(), world.ended()
    publish(world, plain)
    publish(world, serious)
    with world.core.db.begin() as db:
        add_flag(
            db,
            world.core,
            FIRST,
            plain.id,
            start_ms=0,
            end_ms=1,
            category=Category.OTHER,
            severity=Severity.MINOR,
            note="A voice",
        )
    incident = decide_incident(world, serious)
    assert "They stay while something holds the recording." in page(world, client, serious)
    with world.core.db.begin() as db:
        incidents.confirm(db, world.core, SECOND, incident)
        incidents.close(db, world.core, SECOND, incident)
    assert "30 Nov 2026, 23:59 CET, with the recording." in page(world, client, plain)
    assert "until 16 Nov 2036, 23:59 CET, because a decision rests on them." in page(world, client, serious)
    world.clock.move(days=20)
    world.eraser.run(confirmed=True)
    assert "Nothing is left of messages, notes and reasons." in page(world, client, plain)
    assert "A text file was open." in page(world, client, serious)


def test_a_decision_is_told_when_two_people_have_made_it(world: World, client: AsgiClient) -> None:
    """Before: that a second person looks, and that it is held. After: what, when, and the reasons."""
    session = world.ended()
    incident = decide_incident(world, session)
    assert own(world, session).outcome is ReviewOutcome.SECOND_PERSON
    waiting = page(world, client, session)
    assert "A text file was open." not in waiting
    assert "Held because of an incident" in waiting
    with world.core.db.begin() as db:
        incidents.confirm(db, world.core, SECOND, incident)
    assert own(world, session).outcome is ReviewOutcome.INCIDENT
    told = page(world, client, session)
    assert "A text file was open." in told
    assert "an unauthorised aid" in told


def test_no_concern_is_told(world: World) -> None:
    """A person reviewed it and found nothing."""
    session = world.ended()
    with world.core.db.begin() as db:
        claims.claim(db, world.core, FIRST, session.id)
    look_at_flags(world, session)
    with world.core.db.begin() as db:
        reviews.decide_no_concern(db, world.core, FIRST, session.id)
    assert own(world, session).outcome is ReviewOutcome.NO_CONCERN


@pytest.mark.promise("P9")
def test_an_appeal_holds_everything_from_the_instant_it_is_lodged(world: World, client: AsgiClient) -> None:
    """The form places it; the page shows it, and afterwards the committee's answer in its own words."""
    session = world.ended()
    publish(world, session)
    home = f"/c/{world.core.links.invitation(session)}"
    assert "<form" in page(world, client, session)
    lodged = client.post(f"{home}/appeal", data={"grounds": "The file was\nallowed <b>by you</b>."})
    assert lodged.status_code == 303
    read = own(world, session)
    assert read.open_appeal is not None
    assert all([hold.kind for hold in unit.held_by] == ["appeal"] for unit in read.stored)
    shown = page(world, client, session)
    assert "allowed &lt;b&gt;by you&lt;/b&gt;." in shown
    assert "<form" not in shown
    assert client.post(f"{home}/appeal", data={"grounds": "again"}).status_code == 409
    with world.core.db.begin() as db:
        appeals.close(
            db,
            world.core,
            COMMITTEE,
            read.open_appeal.id,
            outcome=AppealOutcome.UPHELD,
            answer="You were allowed to.",
        )
    answered = page(world, client, session)
    assert "You were allowed to." in answered
    assert "Your appeal: you were right" in answered


def test_an_appeal_needs_words(world: World, client: AsgiClient) -> None:
    """Without grounds nothing is lodged and nothing is held."""
    session = world.ended()
    answer = client.post(f"/c/{world.core.links.invitation(session)}/appeal", data={"grounds": "  "})
    assert answer.status_code == 422
    assert own(world, session).holds == ()


@pytest.mark.promise("P17")
@pytest.mark.parametrize("reason", EndReason)
def test_why_a_proctor_ended_it_is_said(world: World, client: AsgiClient, reason: EndReason) -> None:
    """On the own recording's page, and to the exam page that is still open; each reason in its own words, in
    each language."""
    session = world.admitted(world.exam(streams=(Stream.WEBCAM,)))
    world.record(session)
    world.clock.move(minutes=36)
    with world.core.db.begin() as db:
        ending.end_by_proctor(db, world.core, session.id, reason, FIRST)
    link = world.core.links.invitation(session)
    assert client.get(f"/c/{link}/status.json").json()["ended_why"] == reason.value
    said = {"en": "The exam body ended the session", "nl": "heeft de sessie beëindigd"}
    said |= {"fr": "a mis fin à la session", "de": "hat die Sitzung"}
    for language, words in said.items():
        assert page(world, client, session, language).count(words) == 1, language
