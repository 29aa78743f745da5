"""A candidate's page about their own recording, and what staff do to it."""

from proctoring.casework import claims, results
from proctoring.custody.model import Actor
from proctoring.flags import service as flags
from proctoring.flags.model import Category, FlagState, Severity
from proctoring.incidents import service as incidents
from proctoring.privacy.model import OwnRecording
from proctoring.privacy.service import own_recording
from proctoring.sessions.model import Session
from tests.support.asgi import AsgiClient
from tests.support.looks import look
from tests.support.world import ADMIN, World

FIRST, SECOND = Actor("staff-1", "proctor"), Actor("staff-2", "proctor")
COMMITTEE = Actor("staff-3", "committee")


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
            category=Category.UNAUTHORISED_AID,
            severity=Severity.MAJOR,
            reasons="A text file was open.",
        )
    return incident.id


def publish(world: World, session: Session) -> None:
    """The results of the session's exam come out now."""
    with world.core.db.begin() as db:
        results.publish_results(db, world.core, ADMIN, session.exam_id, world.clock())
