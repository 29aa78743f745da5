"""Restricted at the candidate's request (GDPR Article 18): closed on every route but those named here."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy.orm import Session as Db

from proctoring.access.model import Role
from proctoring.appeals import service as appeals
from proctoring.casework import claims, identity_answers
from proctoring.casework.flagging import add_flag
from proctoring.custody.model import Action
from proctoring.errors import CoreError, Denied
from proctoring.flags import service as flags
from proctoring.flags.model import Category, FlagState, Severity
from proctoring.help import service as help_requests
from proctoring.help.model import HelpKind
from proctoring.holds import service as holds
from proctoring.holds.model import HoldKind
from proctoring.incidents import service as incidents
from proctoring.recordings import ending
from proctoring.reviews import service as reviews
from proctoring.sessions.model import Session
from tests.support.asgi import addresses
from tests.support.looks import look
from tests.support.staff_site import staff_routes
from tests.support.world import ADMIN
from tests.unit.review_ui.conftest import Office, Staff

REASONS = "A text file was open."
flag_it = partial(
    add_flag, start_ms=1000, end_ms=1000, category=Category.OTHER, severity=Severity.MINOR, note=""
)
FORMS: dict[str, dict[str, str]] = {
    "/sessions/{session_id}/flags": {
        "start_ms": "1",
        "end_ms": "2",
        "category": "other",
        "severity": "minor",
    },
    "/sessions/{session_id}/end": {"reason": "rules"},
    "/sessions/{session_id}/decide": {"outcome": "no-concern"},
    "/sessions/{session_id}/identity": {"confirmed": "true"},
    "/flags/{flag_id}": {"state": "dismissed"},
    "/help/{request_id}": {"answer": "Go on."},
    "/incidents/{incident_id}/answer": {"answer": "agree"},
}
STAY_OPEN = {
    ("POST", "/in-person/{session_id}"),  # before the exam, when there is nothing to restrict
    ("POST", "/appeals/{appeal_id}/close"),
    ("POST", "/holds/{hold_id}/release"),
    ("GET", "/certificates/{certificate_id}"),
    ("GET", "/certificates/{certificate_id}/certificate.json"),
    ("GET", "/sign-in/{token}"),
    ("POST", "/sign-in/{token}"),
}
"""Of the staff routes that name something: the appeal, the end of the restriction, proof of erasure, and
signing in."""


@dataclass(frozen=True, slots=True)
class Case:
    """A session that one person has claimed, one with an incident of theirs, and the ids on the way."""

    claimed: Session
    decided: Session
    ids: dict[str, str]
    restrictions: list[str]


def ended(office: Office) -> Session:
    world = office.world
    return world.ended(world.exam(identity_copy=True))


@pytest.fixture
def case(office: Office, proctor: Staff) -> Case:
    core, who = office.world.core, proctor.actor
    recording = office.world.admitted()
    office.world.record(recording)
    with core.db.begin() as db:
        asked = help_requests.ask(db, core, recording.id, HelpKind.HELP, "Hello?").id
    with core.db.begin() as db:
        ending.finish(db, core, recording.id)
    claimed, decided = ended(office), ended(office)
    with core.db.begin() as db:
        for session in (claimed, decided):
            claims.claim(db, core, who, session.id)
        flag = flag_it(db, core, who, claimed.id).id
    look(core, who, decided.id)
    with core.db.begin() as db:
        incident = incidents.decide(
            db, core, who, decided.id, category=Category.OTHER, severity=Severity.MINOR, reasons=REASONS
        ).id
    with core.db.begin() as db:
        placed = [
            holds.place(db, core, ADMIN, one.id, HoldKind.RESTRICTION, reason="asked by the candidate").id
            for one in (claimed, decided, recording)
        ]
    ids = {
        "session_id": claimed.id,
        "flag_id": flag,
        "incident_id": incident,
        "request_id": asked,
        "stream": "webcam",
        "position": "0",
        "log": "activity",
    }
    return Case(claimed, decided, ids, placed)


def tries(office: Office, case: Case, by: Staff, second: Staff) -> dict[tuple[str, str], httpx2.Response]:
    """Each staff route that names something of the restricted sessions, asked by whoever could."""
    app = FastAPI()
    app.include_router(staff_routes(office.world.core, office.world.opener, office.world.objects))
    found: dict[tuple[str, str], httpx2.Response] = {}
    for method, path in sorted(addresses(app)):
        if "{" not in path or method == "HEAD" or (method, path) in STAY_OPEN:
            continue
        at = path
        for name, value in case.ids.items():
            at = at.replace(f"{{{name}}}", value)
        assert "{" not in at, f"{path} names something that this test does not know"
        who = second if "/incidents/" in path else by
        found[(method, path)] = who.get(at, "*/*") if method == "GET" else who.post(at, **FORMS.get(path, {}))
    return found


@pytest.mark.promise("P16")
def test_every_route_of_a_restricted_session_is_closed(
    office: Office, case: Case, proctor: Staff, colleague: Staff
) -> None:
    """Page, time line, media, card, logs, signals, messages, claim, flags, decision, second answer: all say
    that it is restricted, to those who may do it otherwise; nothing is entered as a look. A new route is
    tried too."""
    seen = office.ledger(Action.EVIDENCE_VIEW)
    found = tries(office, case, proctor, colleague)
    assert len(found) >= 17
    for address, answer in found.items():
        assert answer.status_code == 403, address
        assert "restricted at the candidate" in answer.text, address
    assert office.ledger(Action.EVIDENCE_VIEW) == seen
    for page in ("/queue", "/incidents"):
        shown = colleague.get(page).text
        assert case.claimed.id not in shown
        assert case.decided.id not in shown
        assert REASONS not in shown
    assert colleague.post("/queue/no-concern", session=[case.claimed.id]).status_code == 403


@pytest.mark.promise("P16")
def test_once_it_is_released_the_same_routes_answer_otherwise(
    office: Office, case: Case, proctor: Staff, colleague: Staff
) -> None:
    """So it was the restriction alone that closed them."""
    officer = office.hire("P. Officer", Role.PRIVACY_OFFICER)
    for hold in case.restrictions:
        assert officer.post(f"/holds/{hold}/release").status_code == 303
    for address, answer in tries(office, case, proctor, colleague).items():
        assert "restricted at the candidate" not in answer.text, address


@pytest.mark.promise("P16")
def test_services_refuse_whoever_calls_them(office: Office, case: Case, proctor: Staff) -> None:
    """The rule is no page's: an act by another way is refused as well."""
    core, who, at = office.world.core, proctor.actor, case.ids
    acts: dict[str, Callable[[Db], object]] = {
        "claim": lambda db: claims.claim(db, core, who, case.claimed.id),
        "release": lambda db: reviews.release(db, core, who, case.claimed.id),
        "decide": lambda db: reviews.decide_no_concern(db, core, who, case.claimed.id),
        "flag": lambda db: flag_it(db, core, who, case.claimed.id),
        "look at a flag": lambda db: flags.decide(db, core, who, at["flag_id"], FlagState.DISMISSED),
        "confirm": lambda db: incidents.confirm(db, core, ADMIN, at["incident_id"]),
        "reject": lambda db: incidents.reject(db, core, ADMIN, at["incident_id"], REASONS),
        "close": lambda db: incidents.close(db, core, ADMIN, at["incident_id"]),
        "answer": lambda db: help_requests.answer(db, core, who, at["request_id"], "Go on."),
        "identity": lambda db: identity_answers.answer(
            db, core, who, case.claimed.id, confirmed=True, reason=""
        ),
    }
    for name, act in acts.items():
        found: CoreError | None = None
        try:
            with core.db.begin() as db:
                act(db)
        except CoreError as error:
            found = error
        assert isinstance(found, Denied), name
        assert "restricted" in str(found), name


@pytest.mark.promise("P9")
@pytest.mark.promise("P16")
def test_the_appeal_stays_open(office: Office, case: Case) -> None:
    """Who asked for the restriction can appeal, and is answered."""
    core = office.world.core
    with core.db.begin() as db:
        appeal = appeals.lodge(db, core, case.decided.id, "I was alone.").id
    member = office.hire("Member", Role.COMMITTEE)
    assert "I was alone." in member.get("/appeals").text
    closed = member.post(f"/appeals/{appeal}/close", outcome="refused", answer="The decision stands.")
    assert closed.status_code == 303
    assert member.get(f"/sessions/{case.decided.id}").status_code == 403


@pytest.mark.promise("P16")
def test_a_call_for_help_is_heard_during_a_restricted_exam(office: Office, proctor: Staff) -> None:
    """It is the candidate who asks for it."""
    world = office.world
    session = world.admitted()
    world.record(session)
    with world.core.db.begin() as db:
        asked = help_requests.ask(db, world.core, session.id, HelpKind.HELP, "Hello?").id
        holds.place(db, world.core, ADMIN, session.id, HoldKind.RESTRICTION, reason="asked by the candidate")
    assert proctor.post(f"/help/{asked}", answer="Go on.").status_code == 303
