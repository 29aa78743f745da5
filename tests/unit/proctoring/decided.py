"""Sessions that ended, are claimed and are decided, as tests of decisions need them."""

from proctoring.casework import claims
from proctoring.custody.model import Actor
from proctoring.flags.model import Category, Severity
from proctoring.incidents import service as incidents
from proctoring.incidents.model import Incident
from proctoring.recordings.timeline import timeline
from proctoring.reviews import service as reviews
from proctoring.reviews.model import ReviewState
from proctoring.sessions.model import Session
from tests.support.looks import look
from tests.support.world import World

ANNA, BERT = Actor("anna", "proctor"), Actor("bert", "proctor")
DIRK, COMMITTEE = Actor("dirk", "proctor"), Actor("carla", "committee")
NOTHING = "I see nothing of it."
REASONS = "A text file was open over question 9."


def claimed(world: World, session: Session, by: Actor = ANNA) -> None:
    with world.core.db.begin() as db:
        claims.claim(db, world.core, by, session.id)


def decide(world: World, session: Session, by: Actor = ANNA) -> Incident:
    claimed(world, session, by)
    look(world.core, by, session.id)
    with world.core.db.begin() as db:
        return incidents.decide(
            db,
            world.core,
            by,
            session.id,
            category=Category.UNAUTHORISED_AID,
            severity=Severity.MAJOR,
            reasons=REASONS,
        )


def no(world: World, session: Session, incident: Incident, by: Actor) -> Incident:
    """This person looks and does not agree."""
    look(world.core, by, session.id)
    with world.core.db.begin() as db:
        return incidents.reject(db, world.core, by, incident.id, NOTHING)


def held_units(world: World, session: Session) -> int:
    with world.core.db.read() as db:
        return sum(stream.active_holds for stream in timeline(db, session.id).streams)


def state(world: World, session: Session) -> ReviewState:
    with world.core.db.read() as db:
        return reviews.load(db, session.id).state
