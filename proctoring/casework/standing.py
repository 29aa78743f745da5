"""Relation of a person to a session, and whether it lets them do something."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from proctoring.access.model import OPENS_EVIDENCE, May, Person, Relation, Role, is_for_all, require
from proctoring.appeals import service as appeals
from proctoring.holds.service import check_not_restricted
from proctoring.incidents import service as incidents
from proctoring.incidents.model import AWAITING, OPEN, Incident
from proctoring.incidents.rows import IncidentRow
from proctoring.reviews import service as reviews
from proctoring.reviews.model import Review, ReviewState
from proctoring.reviews.rows import ReviewRow
from proctoring.sessions.model import OVER
from proctoring.sessions.rows import SessionRow
from proctoring.sessions.service import load as load_session


def demand(db: Db, person: Person, action: May, session_id: str) -> None:
    """Raises Denied unless the person may do this with the session now."""
    needs_relation = not is_for_all(person, action)
    require(person, action, relation(db, person, session_id) if needs_relation else Relation.NONE)
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


def reviewed(db: Db, session_id: str) -> tuple[Review | None, list[Incident]]:
    """The session's review, None where nobody touched it, and its incidents, the newest first: in one
    query."""
    query = (
        select(ReviewRow, IncidentRow)
        .select_from(SessionRow)
        .outerjoin(ReviewRow, ReviewRow.session_id == SessionRow.id)
        .outerjoin(IncidentRow, IncidentRow.session_id == SessionRow.id)
        .where(SessionRow.id == session_id)
        .order_by(IncidentRow.decided_at.desc())
    )
    rows = db.execute(query).all()
    review = rows[0][0].model() if rows and rows[0][0] is not None else None
    return review, [incident.model() for _, incident in rows if incident is not None]


def relation(db: Db, person: Person, session_id: str) -> Relation:
    """The relation that counts for this person's role; NONE when there is nothing between them."""
    if person.role is Role.COMMITTEE:
        return relations(db, person, [session_id])[session_id]
    return reviewers_relation(person, *reviewed(db, session_id))


def relations(db: Db, person: Person, session_ids: Collection[str]) -> dict[str, Relation]:
    """`relation` to each of these sessions, in as few queries as to one."""
    if person.role is Role.COMMITTEE:
        lodged = appeals.lodged_among(db, session_ids)
        took_part = appeals.took_part(db, person.id, lodged)
        answers = {one: Relation.TOOK_PART if one in took_part else Relation.OPEN_APPEAL for one in lodged}
        return dict.fromkeys(session_ids, Relation.NONE) | answers
    found = reviews.of_sessions(db, session_ids)
    decided: dict[str, list[Incident]] = {one: [] for one in session_ids}
    for incident in incidents.of_sessions(db, session_ids):
        decided[incident.session_id].append(incident)
    return {one: reviewers_relation(person, found.get(one), decided[one]) for one in session_ids}


def reviewers_relation(person: Person, review: Review | None, decided: Collection[Incident]) -> Relation:
    """`relation` of somebody who is not in the appeals committee, from the session's review and incidents."""
    for incident in decided:
        said = incident.said if incident.state in AWAITING else {incident.decided_by}
        if incident.state in OPEN and person.id in said:
            return Relation.DECIDED_INCIDENT
    return _by_review(person, review)


def _by_review(person: Person, review: Review | None) -> Relation:
    if review is None or review.state is not ReviewState.IN_REVIEW:
        return Relation.NONE
    return Relation.CLAIMANT if review.claimed_by == person.id else Relation.CLAIMED_BY_OTHER
