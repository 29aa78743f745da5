"""Own recording, as a candidate can read about it before and after erasure (P17)."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from proctoring.appeals import service as appeals
from proctoring.appeals.model import AppealOutcome
from proctoring.casework import claims, results
from proctoring.casework.flagging import add_flag
from proctoring.custody.model import Action, Actor
from proctoring.custody.service import enter
from proctoring.exams.model import LANGUAGES, Stream
from proctoring.flags import service as flags
from proctoring.flags.model import Category, FlagState, Severity
from proctoring.incidents import service as incidents
from proctoring.privacy.model import OwnRecording, ReviewOutcome
from proctoring.privacy.service import own_recording
from proctoring.recordings import ending
from proctoring.recordings.timeline import timeline
from proctoring.reviews import service as reviews
from proctoring.sessions.model import EndReason, Session
from proctoring.units.model import UnitKind
from tests.support.asgi import AsgiClient
from tests.support.looks import look
from tests.support.packages import export
from tests.support.world import ADMIN, World

FIRST, SECOND = Actor("staff-1", "proctor"), Actor("staff-2", "proctor")
COMMITTEE = Actor("staff-3", "committee")
RECORD_TOLD = {
    "en": ("kept for 10 years", "reference was erased"),
    "nl": ("10 jaar bewaard", "kenmerk gewist"),
    "fr": ("conservé 10 ans", "référence a été effacée"),
    "de": ("10 Jahre gespeichert", "Kennzeichen gelöscht"),
}
"""What the page says of the exam record while it is kept, and when it is not any more."""


def own(world: World, session: Session) -> OwnRecording:
    """The candidate's page as data."""
    with world.core.db.read() as db:
        return own_recording(db, world.core, session.id)


def page(world: World, client: AsgiClient, session: Session, language: str = "en") -> str:
    """The candidate's page."""
    answer = client.get(f"/c/{world.core.links.invitation(session)}/recording?lang={language}")
    assert answer.status_code == 200, answer.text
    return answer.text


def look_at_flags(world: World, session: Session) -> None:
    """The reviewer has dismissed what rules had raised."""
    with world.core.db.begin() as db:
        for flag in flags.of_session(db, session.id):
            flags.decide(db, world.core, FIRST, flag.id, FlagState.DISMISSED)


def decide_incident(world: World, session: Session) -> str:
    """One person decides an incident; its id."""
    with world.core.db.begin() as db:
        claims.claim(db, world.core, FIRST, session.id)
    look_at_flags(world, session)
    for person in (FIRST, SECOND):
        look(world.core, person, session.id)
    with world.core.db.begin() as db:
        incident = incidents.decide(
            db,
            world.core,
            FIRST,
            session.id,
            Category.UNAUTHORISED_AID,
            Severity.MAJOR,
            "A text file was open.",
        )
    return incident.id


def publish(world: World, session: Session) -> None:
    """The results of the session's exam come out now."""
    with world.core.db.begin() as db:
        results.publish_results(db, world.core, ADMIN, session.exam_id, world.clock())


@pytest.mark.promise("P17")
def test_it_says_what_is_stored_and_until_when(world: World, client: AsgiClient) -> None:
    """Every unit with what was recorded; the due date in the exam's civil time."""
    session = world.ended()
    publish(world, session)
    read = own(world, session)
    assert [unit.kind for unit in read.stored] == [UnitKind.WEBCAM, UnitKind.PHONE, UnitKind.SCREEN]
    assert all(unit.recorded_ms == 12_000 for unit in read.stored)
    shown = page(world, client, session)
    assert "30 Nov 2026, 23:59 CET" in shown
    assert "picture and sound, 12 s" in shown


@pytest.mark.promise("P12")
@pytest.mark.promise("P17")
def test_it_says_who_looked_by_role_and_never_by_name(world: World, client: AsgiClient) -> None:
    """Views of one person that follow each other are one look at several streams."""
    session = world.ended()
    with world.core.db.read() as db:
        units = {stream.stream: stream.unit_id for stream in timeline(db, session.id).streams}

    def view(who: Actor, stream: Stream, why: str) -> None:
        with world.core.db.begin() as db:
            enter(
                db,
                world.clock,
                who,
                Action.EVIDENCE_VIEW,
                session.id,
                units[stream],
                stream=stream,
                first=0,
                why=why,
            )

    view(FIRST, Stream.WEBCAM, "review")
    world.clock.move(minutes=10)
    view(FIRST, Stream.SCREEN, "review")
    view(COMMITTEE, Stream.SCREEN, "appeal")
    world.clock.move(hours=2)
    view(FIRST, Stream.PHONE, "review")
    looks = own(world, session).looks
    assert [(look.role, look.streams) for look in looks] == [
        ("proctor", ("phone",)),
        ("committee", ("screen",)),
        ("proctor", ("webcam", "screen")),
    ]
    assert looks[0].at - looks[2].at == timedelta(hours=2, minutes=10)
    shown = page(world, client, session)
    assert "Proctor" in shown
    assert "Appeals committee" in shown
    assert "staff-" not in shown


@pytest.mark.promise("P17")
def test_until_when_is_told_once_the_exam_is_over(world: World, client: AsgiClient) -> None:
    """Before, nothing is said of it: not that a card, or a stream that has stopped, is being recorded."""
    session = world.admitted(world.exam(identity_copy=True))
    world.send_card(session)
    world.record(session)
    shown = page(world, client, session)
    assert shown.count("told here when the exam is over") == len(own(world, session).stored)
    with world.core.db.begin() as db:
        ending.finish(db, world.core, session.id)
    assert "told here when the exam is over" not in page(world, client, session)


@pytest.mark.promise("P14")
@pytest.mark.promise("P17")
def test_given_to_nobody_is_said_as_long_as_it_is_so(
    world: World, client: AsgiClient, tmp_path: Path
) -> None:
    """Computed from the ledger: afterwards the page says when, to whom by kind, and why, as declared."""
    session = world.ended()
    before = page(world, client, session)
    assert "Given to nobody outside." in before
    assert "what the exam body wrote down" not in before
    world.clock.move(hours=1)
    export(world, session, tmp_path / "package")
    shown = page(world, client, session)
    assert "Given to nobody outside." not in shown
    assert "16 Nov 2026, 10:00 CET" in shown
    assert "you asked for it" in shown
    assert "what the exam body wrote down. Tell it if that is not so" in shown
    assert "with the identity card" in shown


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
            0,
            1,
            Category.OTHER,
            Severity.MINOR,
            "A voice",
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
            db, world.core, COMMITTEE, read.open_appeal.id, AppealOutcome.UPHELD, "You were allowed to."
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


@pytest.mark.promise("P7")
@pytest.mark.promise("P17")
def test_after_erasure_the_link_shows_the_proof(world: World, client: AsgiClient) -> None:
    """A certificate per unit, readable by this candidate and by no other; nothing can be appealed."""
    session, other = world.ended(), world.ended()
    publish(world, session)
    world.clock.move(days=15)
    world.eraser.run()
    read = own(world, session)
    assert read.erased
    assert not read.may_appeal
    assert "Everything was erased on" in page(world, client, session)
    for unit in read.stored:
        path = f"certificates/{unit.certificate_id}"
        mine = client.get(f"/c/{world.core.links.invitation(session)}/{path}?lang=de")
        assert mine.status_code == 200
        assert str(unit.certificate_id) in mine.text
        assert client.get(f"/c/{world.core.links.invitation(other)}/{path}").status_code == 404


def test_before_results_the_end_of_the_objection_period_is_not_made_up(
    world: World, client: AsgiClient
) -> None:
    """It is said in days after the results; the latest erasure without results is said as a date."""
    session = world.ended()
    read = own(world, session)
    assert read.appeal_until is None
    assert read.may_appeal
    shown = page(world, client, session)
    assert "until 14 days after the results" in shown
    assert "14 Feb 2027, 23:59 CET" in shown


def test_a_session_in_which_nothing_was_recorded_says_so(world: World, client: AsgiClient) -> None:
    """Invited, never begun, window closed: nothing to review, nothing to erase."""
    session = world.session()
    world.clock.move(days=30)
    world.eraser.run()
    assert own(world, session).outcome is ReviewOutcome.NOTHING_RECORDED
    assert "Nothing was recorded" in page(world, client, session)


@pytest.mark.parametrize("language", ["nl", "fr", "de"])
def test_it_can_be_read_in_every_language(world: World, client: AsgiClient, language: str) -> None:
    """With an incident, an appeal and an erasure date on it, no English heading is left."""
    session = world.ended()
    publish(world, session)
    incident = decide_incident(world, session)
    with world.core.db.begin() as db:
        incidents.confirm(db, world.core, SECOND, incident)
    shown = page(world, client, session, language)
    for english in (
        "Your recording",
        "Until when",
        "What is stored",
        "Who looked",
        "Held because",
        "Your rights",
    ):
        assert english not in shown


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


@pytest.mark.promise("P11")
@pytest.mark.promise("P17")
@pytest.mark.parametrize("language", LANGUAGES)
def test_after_the_end_of_the_record_nothing_is_said_to_be_kept(
    world: World, client: AsgiClient, language: str
) -> None:
    """While the record is kept the page says so, and for how long; afterwards that it ended, and who sat the
    exam is nowhere on it."""
    kept, over = (re.compile(words) for words in RECORD_TOLD[language])
    session = world.ended()
    publish(world, session)
    world.clock.move(days=30)
    world.eraser.run(confirmed=True)
    shown = page(world, client, session, language)
    assert kept.search(shown)
    assert not over.search(shown)
    assert session.ref in shown
    world.clock.move(days=3660)
    world.eraser.run(confirmed=True)
    shown = page(world, client, session, language)
    assert not kept.search(shown)
    assert over.search(shown)
    assert session.ref not in shown
