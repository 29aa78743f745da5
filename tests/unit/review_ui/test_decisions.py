"""From the queue to a decision and the holds that follow from it, by the forms of the pages."""

from typing import Any

import pytest

from proctoring.access.model import Role
from proctoring.appeals import service as appeals
from proctoring.exams.model import Stream
from proctoring.flags import service as flags
from proctoring.holds import service as holds
from proctoring.incidents import service as incidents
from proctoring.reviews import service as reviews
from proctoring.reviews.model import ReviewState
from proctoring.sessions import service as sessions
from proctoring.sessions.model import Session
from proctoring.spools import service as spools
from proctoring.spools.model import Told, Trouble
from tests.support.looks import look
from tests.support.world import ADMIN
from tests.unit.review_ui.conftest import Office, Staff

FLAG: dict[str, Any] = {
    "start_ms": 1000,
    "end_ms": 1000,
    "category": "unauthorised-aid",
    "severity": "minor",
    "note": "",
}
REASONS = "A text file was open over question 9."


def state(office: Office, session: Session) -> ReviewState:
    with office.world.core.db.read() as db:
        return reviews.load(db, session.id).state


def held(office: Office, session: Session) -> list[str]:
    with office.world.core.db.read() as db:
        return [hold.kind.value for hold in holds.active(db, session.id)]


def flag_of(office: Office, session: Session) -> str:
    with office.world.core.db.read() as db:
        return flags.of_session(db, session.id)[-1].id


def see(office: Office, staff: Staff, session: Session) -> None:
    """As the player does: a piece of each stream."""
    for stream in Stream:
        assert staff.get(f"/media/{session.id}/{stream.value}/0", "*/*").status_code == 200


def decided(office: Office, session: Session, by: Staff) -> str:
    """An incident about the session; its id."""
    by.post(f"/sessions/{session.id}/claim")
    look(office.world.core, by.actor, session.id)
    answer = by.post(
        f"/sessions/{session.id}/decide",
        outcome="incident",
        category="unauthorised-aid",
        severity="major",
        reasons=REASONS,
    )
    assert answer.status_code == 303
    with office.world.core.db.read() as db:
        return incidents.of_session(db, session.id)[0].id


def test_a_session_is_claimed_flagged_looked_at_and_decided(office: Office, proctor: Staff) -> None:
    """No concern is refused while a flag is open, and possible once it was looked at."""
    session = office.world.ended()
    assert session.ref in proctor.get("/queue").text
    proctor.post(f"/sessions/{session.id}/claim")
    proctor.post(f"/sessions/{session.id}/flags", **FLAG)
    page = proctor.get(f"/sessions/{session.id}").text
    assert "1 of 1 to look at" in page
    assert "Before sending: 1 flag to look at" in page
    refused = proctor.post(f"/sessions/{session.id}/decide", outcome="no-concern")
    assert refused.status_code == 409
    proctor.post(f"/flags/{flag_of(office, session)}", state="dismissed")
    sent = proctor.post(f"/sessions/{session.id}/decide", outcome="no-concern")
    assert (sent.status_code, state(office, session)) == (303, ReviewState.NO_CONCERN)
    assert held(office, session) == []


def test_only_the_claimant_flags_and_decides(office: Office, proctor: Staff, colleague: Staff) -> None:
    session = office.world.ended()
    proctor.post(f"/sessions/{session.id}/claim")
    assert colleague.post(f"/sessions/{session.id}/claim").status_code == 409
    assert colleague.post(f"/sessions/{session.id}/flags", **FLAG).status_code == 403
    assert colleague.post(f"/sessions/{session.id}/decide", outcome="no-concern").status_code == 403
    page = colleague.get(f"/sessions/{session.id}").text
    assert "M. Claes has claimed this session" in page
    assert 'id="decision"' not in page


@pytest.mark.promise("P8")
def test_an_incident_holds_at_once_and_counts_when_another_agrees(
    office: Office, proctor: Staff, colleague: Staff
) -> None:
    session = office.world.ended()
    incident = decided(office, session, proctor)
    assert held(office, session) == ["incident"]
    assert proctor.post(f"/incidents/{incident}/answer", answer="agree").status_code == 403
    assert "You decided about this one yourself." in proctor.get("/incidents").text
    page = colleague.get(f"/sessions/{session.id}").text
    assert "You are the second person." in page
    assert f'action="/incidents/{incident}/answer"' in page
    assert "/answer" not in colleague.get("/incidents").text
    blind = colleague.post(f"/incidents/{incident}/answer", answer="agree")
    assert (blind.status_code, "not looked at" in blind.text) == (403, True)
    see(office, colleague, session)
    assert colleague.post(f"/incidents/{incident}/answer", answer="agree").status_code == 303
    assert state(office, session) is ReviewState.INCIDENT
    assert proctor.post(f"/incidents/{incident}/close").status_code == 403
    assert colleague.post(f"/incidents/{incident}/close").status_code == 303
    assert held(office, session) == []


@pytest.mark.promise("P8")
def test_after_a_no_with_reasons_a_third_person_answers(
    office: Office, proctor: Staff, colleague: Staff
) -> None:
    """A no without reasons is refused; the third reads the second's; their no ends the hold for good."""
    session = office.world.ended()
    third = office.hire("K. Derde", Role.PROCTOR)
    incident = decided(office, session, proctor)
    for one in (colleague, third):
        see(office, one, session)
    answer = f"/incidents/{incident}/answer"
    assert colleague.post(answer, answer="disagree").status_code == 422
    assert colleague.post(answer, answer="disagree", reasons="It is a radio.").status_code == 303
    assert held(office, session) == ["incident"]
    assert colleague.post(answer, answer="agree").status_code == 403
    page = third.get(f"/sessions/{session.id}").text
    assert "You are the third person." in page
    assert "It is a radio." in page
    assert third.post(answer, answer="disagree", reasons="A radio indeed.").status_code == 303
    assert (state(office, session), held(office, session)) == (ReviewState.NO_CONCERN, [])
    assert proctor.post(f"/sessions/{session.id}/claim").status_code == 409
    assert "Review again" not in proctor.get(f"/sessions/{session.id}").text


def test_nothing_is_decided_that_nobody_chose(office: Office, proctor: Staff) -> None:
    """No outcome, kind or severity is preselected, and none stands for what was not sent; a colleague named
    as the second person is nothing that the form knows."""
    session = office.world.ended()
    at = f"/sessions/{session.id}"
    proctor.post(f"{at}/claim")
    look(office.world.core, proctor.actor, session.id)
    form = proctor.get(at).text.partition('id="decision"')[2].partition("</form>")[0]
    assert form.count('type="radio"') == 3
    assert " checked" not in form
    assert " selected" not in form
    assert form.count('<option value="">') == 2
    assert "second" not in {name.partition('"')[0] for name in form.split('name="')[1:]}
    chosen = {"outcome": "incident", "category": "other", "severity": "major", "reasons": REASONS}
    for left_out in chosen:
        sent = {name: one for name, one in chosen.items() if name != left_out}
        assert proctor.post(f"{at}/decide", **sent).status_code == 422, left_out
    assert (held(office, session), state(office, session)) == ([], ReviewState.IN_REVIEW)
    assert proctor.post(f"{at}/decide", **chosen).status_code == 303


def test_unclear_is_sent_back_for_another_person(office: Office, proctor: Staff, colleague: Staff) -> None:
    """Who comes next reads note and answer; who wrote them is offered no claim, and refused one."""
    session = office.world.ended()
    at = f"/sessions/{session.id}"
    proctor.post(f"{at}/claim")
    assert proctor.post(f"{at}/decide", outcome="unclear").status_code == 422
    sent = proctor.post(f"{at}/decide", outcome="unclear", note="A voice, or a radio?")
    assert (sent.headers["location"], state(office, session)) == ("/queue", ReviewState.TO_REVIEW)
    assert f'action="{at}/claim"' not in proctor.get(at).text
    assert proctor.post(f"{at}/claim").status_code == 403
    assert proctor.post("/queue/no-concern", session=[session.id]).status_code == 403
    read = colleague.get(at).text
    assert "A voice, or a radio?" in read
    assert "Review decided: unclear<" in read
    assert colleague.post(f"{at}/claim").status_code == 303


def test_a_member_who_seconded_sees_and_answers_no_appeal_of_it(
    office: Office, proctor: Staff, colleague: Staff
) -> None:
    """The page, the media and the answer are another member's."""
    session = office.world.ended()
    incident = decided(office, session, proctor)
    member = office.hire("Member", Role.COMMITTEE)
    look(office.world.core, member.actor, session.id)
    with office.world.core.db.begin() as db:
        incidents.confirm(db, office.world.core, member.actor, incident)
    with office.world.core.db.begin() as db:
        appeal = appeals.lodge(db, office.world.core, session.id, "I was alone").id
    assert "another member answers" in member.get("/appeals").text
    for path in (f"/sessions/{session.id}", f"/media/{session.id}/webcam/0"):
        refused = member.get(path, "*/*")
        assert (refused.status_code, "took part" in refused.text) == (403, True)
    answer = {"outcome": "refused", "answer": "It stands."}
    assert member.post(f"/appeals/{appeal}/close", **answer).status_code == 403
    other = office.hire("Other", Role.COMMITTEE)
    assert other.post(f"/appeals/{appeal}/close", **answer).status_code == 303


def test_many_without_flags_are_decided_at_once(office: Office, proctor: Staff) -> None:
    """One with an open flag among them stops all: nothing is half done."""
    clean, flagged = office.world.ended(), office.world.ended()
    proctor.post(f"/sessions/{flagged.id}/claim")
    proctor.post(f"/sessions/{flagged.id}/flags", **FLAG)
    refused = proctor.post("/queue/no-concern", session=[clean.id, flagged.id])
    assert (refused.status_code, state(office, clean)) == (409, ReviewState.TO_REVIEW)
    assert proctor.post("/queue/no-concern", session=[clean.id]).status_code == 303
    assert state(office, clean) is ReviewState.NO_CONCERN
    assert proctor.post("/queue/no-concern").status_code == 422


def test_the_queue_filters_by_its_address(office: Office, proctor: Staff, colleague: Staff) -> None:
    mine, free, other = office.world.ended(), office.world.ended(), office.world.ended()
    proctor.post(f"/sessions/{mine.id}/claim")
    decided(office, other, colleague)
    shown = {
        "": {mine.id, free.id},
        "?claim=me": {mine.id},
        "?claim=free": {free.id},
        "?state=second": {other.id},
        "?flags=open": set(),
    }
    for query, ids in shown.items():
        page = proctor.get(f"/queue{query}").text
        assert {one.id for one in (mine, free, other) if f"/sessions/{one.id}" in page} == ids, query


def test_staff_pages_name_no_candidate_but_the_reference(office: Office, proctor: Staff) -> None:
    """A reference with markup in it is shown as text."""
    exam = office.world.exam()
    with office.world.core.db.begin() as db:
        made = sessions.create(db, office.world.core, ADMIN, exam.id, "<b>C-1</b>")
        sessions.admit(db, office.world.core, made.id, "v1", notice_text="{}", language="nl")
    office.world.record(made)
    page = proctor.get("/queue").text
    assert "&lt;b&gt;C-1&lt;/b&gt;" in page
    assert "<b>C-1</b>" not in page


@pytest.mark.promise("P9")
def test_an_appeal_is_answered_by_the_committee_only(office: Office, proctor: Staff) -> None:
    session = office.world.ended()
    with office.world.core.db.begin() as db:
        appeal = appeals.lodge(db, office.world.core, session.id, "I was alone").id
    assert held(office, session) == ["appeal"]
    assert proctor.get("/appeals").status_code == 403
    answer = {"outcome": "upheld", "answer": "You were right."}
    assert proctor.post(f"/appeals/{appeal}/close", **answer).status_code == 403
    member = office.hire("Member", Role.COMMITTEE)
    assert "I was alone" in member.get("/appeals").text
    assert member.post(f"/appeals/{appeal}/close", **answer).status_code == 303
    assert held(office, session) == []
    assert "You were right." in member.get("/appeals").text


def test_the_queue_says_when_nothing_more_is_stored(office: Office, proctor: Staff) -> None:
    """At once, since when and why; gone as soon as it is over. What capture cannot tell, nobody invents."""
    core = office.world.core
    assert "Nothing more is stored" not in proctor.get("/queue").text
    for trouble, words in (
        (Trouble.DISK_FULL, "its disk has less free space than its reserve"),
        (Trouble.SPOOL_FULL, "its spool is full"),
        (Trouble.UNWRITABLE, "its disk refuses what is written"),
    ):
        with core.db.begin() as db:
            spools.tell(db, core, "spool-1", Told(trouble, 0, 0))
        page = proctor.get("/queue").text
        assert "Nothing more is stored since 08:00:00 UTC" in page
        assert words in page
    with core.db.begin() as db:
        spools.tell(db, core, "spool-1", Told(None, 0, 0))
    assert "Nothing more is stored" not in proctor.get("/queue").text


def test_a_session_opens_from_the_queue_without_a_claim(office: Office, proctor: Staff) -> None:
    """Looking claims nothing: the session stays free for a colleague."""
    session = office.world.ended()
    assert f'<a class="ref num" href="/sessions/{session.id}">' in proctor.get("/queue").text
    assert proctor.get(f"/sessions/{session.id}").status_code == 200
    with office.world.core.db.read() as db:
        assert reviews.load(db, session.id).state is ReviewState.TO_REVIEW
