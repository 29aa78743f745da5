"""Relation of a person to a session, and whether it lets them do something."""

from sqlalchemy.orm import Session as Db

from proctoring.access.model import OPENS_EVIDENCE, May, Person, Relation, Role, require
from proctoring.appeals import service as appeals
from proctoring.holds.service import check_not_restricted
from proctoring.incidents import service as incidents
from proctoring.incidents.model import AWAITING, OPEN
from proctoring.reviews import service as reviews
from proctoring.reviews.model import ReviewState
from proctoring.sessions.model import OVER
from proctoring.sessions.service import load as load_session


def demand(db: Db, person: Person, action: May, session_id: str) -> None:
    """Raises Denied unless the person may do this with the session now."""
    require(person, action, relation(db, person, session_id))
    if action in OPENS_EVIDENCE:
        check_not_restricted(db, session_id)


def why(db: Db, person: Person, session_id: str) -> str:
    """For what this person looks, in the custody ledger's words: appeal, live (during the exam),
    second-person or review. Raises NotFound."""
    if person.role is Role.COMMITTEE:
        return "appeal"
    if load_session(db, session_id).state not in OVER:
        return "live"
    awaits = reviews.load(db, session_id).state is ReviewState.SECOND_PERSON
    decided = relation(db, person, session_id) is Relation.DECIDED_INCIDENT
    return "second-person" if awaits and not decided else "review"


def relation(db: Db, person: Person, session_id: str) -> Relation:
    """The relation that counts for this person's role; NONE when there is nothing between them."""
    if person.role is Role.COMMITTEE:
        if appeals.open_of_session(db, session_id) is None:
            return Relation.NONE
        took_part = appeals.took_part(db, person.id, session_id)
        return Relation.TOOK_PART if took_part else Relation.OPEN_APPEAL
    for incident in incidents.of_session(db, session_id):
        said = incident.said if incident.state in AWAITING else {incident.decided_by}
        if incident.state in OPEN and person.id in said:
            return Relation.DECIDED_INCIDENT
    review = reviews.load(db, session_id)
    if review.state is not ReviewState.IN_REVIEW:
        return Relation.NONE
    return Relation.CLAIMANT if review.claimed_by == person.id else Relation.CLAIMED_BY_OTHER
