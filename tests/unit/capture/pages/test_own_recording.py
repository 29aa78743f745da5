"""Own recording, as a candidate can read about it before and after erasure (P17)."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from proctoring.custody.model import Action, Actor
from proctoring.custody.service import enter
from proctoring.exams.model import LANGUAGES, Stream
from proctoring.incidents import service as incidents
from proctoring.privacy.model import ReviewOutcome
from proctoring.recordings import ending
from proctoring.recordings.timeline import timeline
from proctoring.units.model import UnitKind
from tests.support.asgi import AsgiClient
from tests.support.packages import export
from tests.support.world import World
from tests.unit.capture.pages.own_page import COMMITTEE, FIRST, SECOND, decide_incident, own, page, publish

RECORD_TOLD = {
    "en": ("kept for 10 years", "reference was erased"),
    "nl": ("10 jaar bewaard", "kenmerk gewist"),
    "fr": ("conservé 10 ans", "référence a été effacée"),
    "de": ("10 Jahre gespeichert", "Kennzeichen gelöscht"),
}
"""What the page says of the exam record while it is kept, and when it is not any more."""


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
                unit_id=units[stream],
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
