"""Names that run right to left, on every page of the staff: none turns the sentence around it."""

from collections.abc import Iterator
from typing import Any

import pytest

from proctoring.access.model import Role
from proctoring.appeals import service as appeals
from proctoring.appeals.model import AppealOutcome
from proctoring.exams import service as exams
from proctoring.exams.model import CaptureProfile, Stream
from proctoring.flags import service as flags
from proctoring.flags.model import FlagState
from proctoring.help import service as help_requests
from proctoring.help.model import HelpKind
from proctoring.holds import service as holds
from proctoring.holds.model import HoldKind
from proctoring.incidents import service as incidents
from proctoring.recordings import ending
from proctoring.sessions import service as sessions
from proctoring.sessions.model import Session
from tests.support.directions import turning
from tests.support.looks import look
from tests.support.world import ADMIN, REGULATION, World
from tests.unit.review_ui.conftest import Office, Staff

TITLE, REF, NAME, WORDS = "בחינה 2026 (ב׳)", "א-48217", "ד. כהן", "נפל לי העט"


def session_of(world: World) -> Session:
    """With words of the candidate's at every place that takes some."""
    core, profile = world.core, CaptureProfile((Stream.WEBCAM,), identity_copy=True)
    with core.db.begin() as db:
        exam = exams.create(
            db, core, ADMIN, TITLE, regulation=REGULATION, profile=profile, legal_ground=WORDS
        )
        asked = sessions.create(db, core, ADMIN, exam.id, REF)
        sessions.ask_in_person(db, core, asked.id, WORDS)
        session = sessions.create(db, core, ADMIN, exam.id, REF)
        sessions.admit(db, core, session.id, "v1", notice_text="{}", language="nl")
    world.send_card(session)
    begun = world.begin(session)
    world.store(begun, 0, world.clock.unix_ms)
    with core.db.begin() as db:
        help_requests.ask(db, core, session.id, HelpKind.HELP, WORDS)
    world.end(begun)
    world.clock.move(seconds=20)
    with core.db.begin() as db:
        return ending.finish(db, core, session.id)


@pytest.fixture
def session(office: Office) -> Session:
    return session_of(office.world)


def pages(office: Office, staff: Staff, session: Session) -> dict[str, str]:
    """Every page that this person may see, by its address."""
    addresses = ("/queue", "/incidents", "/appeals", "/retention", "/ledger", "/in-person")
    found = {path: staff.get(path) for path in (*addresses, f"/sessions/{session.id}")}
    return {path: page.text for path, page in found.items() if page.status_code == 200}


def lives(office: Office, session: Session, reviewer: Staff, second: Staff) -> Iterator[str]:
    """The states of a case, one after the other, with words at every place that takes some."""
    core, at = office.world.core, f"/sessions/{session.id}"
    yield "new"
    assert reviewer.post(f"{at}/claim").status_code == 303
    kind = {"category": "other", "severity": "minor"}
    flag: dict[str, Any] = {"start_ms": 0, "end_ms": 900, "note": WORDS, **kind}
    assert reviewer.post(f"{at}/flags", **flag).status_code == 303
    assert reviewer.post(f"{at}/identity", confirmed="false", reason=WORDS).status_code == 303
    with core.db.read() as db:
        asked = help_requests.of_session(db, session.id)[0].id
    assert reviewer.post(f"/help/{asked}", answer=WORDS).status_code == 303
    yield "claimed"
    with core.db.begin() as db:
        for one in flags.of_session(db, session.id):
            flags.decide(db, core, reviewer.actor, one.id, FlagState.CONFIRMED)
    chosen = {"outcome": "incident", "reasons": WORDS, **kind}
    for person in (reviewer, second):
        look(core, person.actor, session.id)
    assert reviewer.post(f"{at}/decide", **chosen).status_code == 303
    yield "awaits a second person"
    with core.db.read() as db:
        incident = incidents.of_session(db, session.id)[0].id
    assert second.post(f"/incidents/{incident}/answer", answer="agree").status_code == 303
    with core.db.begin() as db:
        holds.place(db, core, ADMIN, session.id, HoldKind.LEGAL, reason=WORDS, owner=NAME)
        appeal = appeals.lodge(db, core, session.id, WORDS)
    yield "appealed"
    with core.db.begin() as db:
        appeals.close(db, core, ADMIN, appeal.id, outcome=AppealOutcome.REFUSED, answer=WORDS)
    yield "answered"


def test_no_name_turns_a_sentence(office: Office, session: Session) -> None:
    """Title, reference, names of staff, the candidate's words, reasons, answers, in each state of a case."""
    reviewer, second = office.hire(NAME, Role.PROCTOR), office.hire(f"{NAME} 2", Role.PROCTOR)
    others = [office.hire(f"{NAME} {role.value}", role) for role in Role if role is not Role.PROCTOR]
    shown = 0
    for state in lives(office, session, reviewer, second):
        for staff in (reviewer, second, *others):
            for path, html in pages(office, staff, session).items():
                assert turning(html) == [], (path, state)
                shown += html.count("<bdi>")
    assert shown > 100
    assert turning(office.client.get(f"/sign-in/{office.link(f'{NAME} 9', Role.PROCTOR)}").text) == []
