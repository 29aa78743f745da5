"""Acts of staff, from sign-in to the answered appeal, under the user of the role review."""

from datetime import timedelta

from fastapi import APIRouter, FastAPI

from proctoring.access import service as access
from proctoring.access.model import Role
from proctoring.appeals import service as appeals
from proctoring.appeals.model import AppealOutcome
from proctoring.casework import claims, identity_answers, procedures
from proctoring.casework.flagging import add_flag
from proctoring.core import Core
from proctoring.custody.model import Actor
from proctoring.exams.model import Stream
from proctoring.flags import service as flags
from proctoring.flags.model import Category, FlagState, Severity
from proctoring.help import service as help_requests
from proctoring.help.model import HelpKind
from proctoring.holds import service as holds
from proctoring.holds.model import HoldKind
from proctoring.incidents import service as incidents
from proctoring.incidents.model import Amendment
from proctoring.recordings import ending
from proctoring.reviews import service as reviews
from proctoring.sessions import service as sessions
from proctoring.sessions.model import EndReason, Session
from tests.integration.acts_of_capture import REASON, invited, left_alone
from tests.integration.role_client import client_of, read
from tests.support.asgi import addresses
from tests.support.looks import look
from tests.support.roles import RolesWorld
from tests.support.staff_site import staff_routes
from tests.support.world import ADMIN

ANNA, BERT = Actor("anna", "proctor"), Actor("bert", "proctor")
CARLA, DIRK = Actor("carla", "committee"), Actor("dirk", "proctor")
ENDLESS = "/help/stream"


def staff_work(world: RolesWorld, session: Session) -> None:
    """Sign-in to the closed incident and the answered appeal; every page under the same user."""
    with world.core.db.begin() as db:
        asked = help_requests.of_session(db, session.id)
        help_id = next(one.id for one in asked if one.kind is HelpKind.HELP)
        people = [access.add_user(db, world.core, ADMIN, name, Role.PROCTOR) for name in ("Anna", "Bert")]
        link = access.new_link(db, world.core, ADMIN, people[0])
        for role in (Role.COMMITTEE, Role.PRIVACY_OFFICER, Role.AUDITOR, Role.EXAM_ADMIN):
            people.append(access.add_user(db, world.core, ADMIN, role.value, role))
        links = [access.new_link(db, world.core, ADMIN, person) for person in people[1:]]
        appeal = appeals.open_of_session(db, session.id)
    assert appeal is not None
    left = left_alone(world)
    other = world.ended(world.exam(streams=(Stream.WEBCAM,)))
    elsewhere = invited(world)
    with world.core.db.begin() as db:
        sessions.ask_in_person(db, world.core, elsewhere.id, "I have no quiet room.")
    with world.role("review") as core:
        with core.db.begin() as db:
            anna, secret = access.begin_login(db, core, link)
            second, secret_of_second = access.begin_login(db, core, links.pop(0))
            actor = access.actor(anna)
            help_requests.take(db, core, actor, help_id)
            help_requests.answer(db, core, actor, help_id, "Wait a minute.")
            sits_at = world.clock() + timedelta(days=9)
            sessions.answer_in_person(
                db, core, actor, elsewhere.id, sits_at=sits_at, answer="Room 4, at nine."
            )
            claims.claim(db, core, actor, session.id)
            reviews.release(db, core, actor, session.id)
            claims.claim(db, core, actor, session.id)
            ending.end_by_proctor(db, core, left.id, EndReason.TECHNICAL, actor)
            identity_answers.answer(db, core, actor, session.id, confirmed=False, reason=REASON)
            added = add_flag(
                db,
                core,
                actor,
                session.id,
                start_ms=0,
                end_ms=1,
                category=Category.OTHER,
                severity=Severity.MINOR,
                note="",
            )
        world.clock.move(seconds=1)
        with core.db.begin() as db:
            identity_answers.answer(
                db, core, access.actor(second), session.id, confirmed=True, reason=f"{REASON} Not here."
            )
        pages_of(world, core, session, secret)
        decide(world, core, session, actor, added.id)
        decide_nothing(world, core, other, actor)
        with core.db.begin() as db:
            placed = holds.place(db, core, actor, session.id, HoldKind.LEGAL, reason="court order")
            procedures.release(db, core, BERT, placed.id)
            appeals.close(
                db, core, CARLA, appeal.id, outcome=AppealOutcome.REFUSED, answer="The recording shows it."
            )
            secrets = [secret_of_second]
            secrets += [access.begin_login(db, core, one)[1] for one in links]
        for one in secrets:
            pages_of(world, core, session, one)
        client = client_of(core, APIRouter())
        read(client, "/metrics")
        read(client, "/readyz")
        with core.db.begin() as db:
            access.end_login(db, secret)


def decide(world: RolesWorld, core: Core, session: Session, actor: Actor, flag_id: str) -> None:
    """An incident that a second person does not agree to and a third does; amended, and closed."""
    with core.db.begin() as db:
        for flag in flags.of_session(db, session.id):
            flags.decide(db, core, actor, flag.id, FlagState.DISMISSED)
    incident = seen_by_three(world, core, session, actor, (flag_id,))
    with core.db.begin() as db:
        incidents.confirm(db, core, DIRK, incident)
    with world.role("capture") as capture, capture.db.begin() as db:
        appeal = appeals.lodge(db, capture, session.id, "It was allowed.")
    with core.db.begin() as db:
        other = Amendment(Category.TECHNICAL, Severity.MAJOR)
        appeals.close(
            db, core, CARLA, appeal.id, outcome=AppealOutcome.AMENDED, answer="In part.", amendment=other
        )
        incidents.close(db, core, BERT, incident)


def decide_nothing(world: RolesWorld, core: Core, session: Session, actor: Actor) -> None:
    """Unclear to one person; an incident to another, which nobody agrees to."""
    with core.db.begin() as db:
        claims.claim(db, core, BERT, session.id)
        reviews.decide_unclear(db, core, BERT, session.id, REASON)
        claims.claim(db, core, actor, session.id)
    incident = seen_by_three(world, core, session, actor)
    with core.db.begin() as db:
        incidents.reject(db, core, DIRK, incident, REASON)


def seen_by_three(
    world: RolesWorld, core: Core, session: Session, actor: Actor, linked: tuple[str, ...] = ()
) -> str:
    """An incident of which a second person has said no; its id."""
    for person in (actor, BERT, DIRK):
        look(core, person, session.id)
    world.clock.move(seconds=1)
    with core.db.begin() as db:
        decided = incidents.decide(
            db,
            core,
            actor,
            session.id,
            category=Category.OTHER,
            severity=Severity.MINOR,
            reasons=REASON,
            flag_ids=linked,
        )
        incidents.reject(db, core, BERT, decided.id, REASON)
    return decided.id


def pages_of(world: RolesWorld, core: Core, session: Session, secret: str) -> None:
    """Every page and file that this person may see; what they may not is refused as ever."""
    router = staff_routes(core, world.opener, world.objects)
    client = client_of(core, router)
    app = FastAPI()
    app.include_router(router)
    places = {"session_id": session.id, "stream": "webcam", "position": "0", "log": "activity"}
    for method, path in addresses(app):
        if method == "GET" and path != ENDLESS:
            for name, value in places.items():
                path = path.replace(f"{{{name}}}", value)
            read(client, path, {"cookie": f"login={secret}"})
