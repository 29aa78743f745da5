"""Results, appeals and their answers, as the tests of appeals need them."""

from datetime import datetime

from proctoring.appeals import service as appeals
from proctoring.appeals.model import Appeal, AppealOutcome
from proctoring.casework import claims, results
from proctoring.custody.model import Actor
from proctoring.flags.model import Category, Severity
from proctoring.incidents import service as incidents
from proctoring.incidents.model import Amendment, Incident
from proctoring.proofs.all_rows import compare_all_rows
from proctoring.recordings.timeline import timeline
from proctoring.sessions.model import Session
from tests.support.looks import look
from tests.support.world import ADMIN, World

ANNA, BERT = Actor("anna", "proctor"), Actor("bert", "proctor")
COMMITTEE = Actor("carla", "committee")


def counted(world: World, session: Session) -> Incident:
    """An incident that two people agreed on."""
    with world.core.db.begin() as db:
        claims.claim(db, world.core, ANNA, session.id)
    for person in (ANNA, BERT):
        look(world.core, person, session.id)
    with world.core.db.begin() as db:
        made = incidents.decide(
            db,
            world.core,
            ANNA,
            session.id,
            category=Category.OTHER,
            severity=Severity.MAJOR,
            reasons="A second voice.",
        )
    with world.core.db.begin() as db:
        return incidents.confirm(db, world.core, BERT, made.id)


def publish(world: World, session: Session) -> None:
    with world.core.db.begin() as db:
        results.publish_results(db, world.core, ADMIN, session.exam_id)


def lodge(world: World, session: Session) -> Appeal:
    with world.core.db.begin() as db:
        return appeals.lodge(db, world.core, session.id, "I was alone.")


def close(world: World, appeal: Appeal, outcome: AppealOutcome, amendment: Amendment | None = None) -> Appeal:
    with world.core.db.begin() as db:
        return appeals.close(
            db,
            world.core,
            COMMITTEE,
            appeal.id,
            outcome=outcome,
            answer="We looked at it.",
            amendment=amendment,
        )


def due(world: World, session: Session) -> set[datetime]:
    with world.core.db.read() as db:
        return {stream.due_at for stream in timeline(db, session.id).streams}


def told_so(world: World) -> bool:
    """Whether every row is as the ledger tells."""
    with world.core.db.read() as db:
        return compare_all_rows(db).faults == []
