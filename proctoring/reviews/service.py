"""The review of a session: claimed by one person, decided by that person, counted when a second agrees."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.custody.committed import commit
from proctoring.custody.model import Action, Actor
from proctoring.custody.service import enter
from proctoring.errors import Conflict
from proctoring.flags.model import FlagState
from proctoring.flags.rows import FlagRow
from proctoring.holds.service import check_not_restricted
from proctoring.reviews.model import (
    UNCLEAR,
    Review,
    ReviewState,
    check_claim,
    check_decidable,
    check_ended,
    check_unclear,
    untouched,
)
from proctoring.reviews.rows import ReviewRow
from proctoring.reviews.summary import REVIEW
from proctoring.sessions.model import SessionState
from proctoring.sessions.service import session_row
from proctoring.summaries.service import changed


def load(db: Db, session_id: str) -> Review:
    """State of the review; a session nobody has touched is to be reviewed."""
    row = db.get(ReviewRow, session_id)
    return row.model() if row else untouched(session_id)


def of_sessions(db: Db, session_ids: Collection[str]) -> dict[str, Review]:
    """The reviews of those sessions that somebody has touched, by the session."""
    found = db.scalars(select(ReviewRow).where(ReviewRow.session_id.in_(session_ids)))
    return {row.session_id: row.model() for row in found}


def claim(db: Db, core: Core, actor: Actor, session_id: str, settled: bool) -> Review:
    """Take the session on; claiming what one has already is harmless. The caller has locked the session's row
    before it asked whether it is `settled`.

    Raises as `check_claim`, and Denied while it is restricted; so do all acts of a reviewer.
    """
    row = _row(db, session_id)
    check_not_restricted(db, session_id)
    check_claim(row.model(), actor.id, settled)
    if row.state == ReviewState.IN_REVIEW.value:
        return row.model()
    row.state, row.claimed_by, row.claimed_at = ReviewState.IN_REVIEW.value, actor.id, core.clock()
    row.decided_by = row.decided_at = None
    enter(db, row.claimed_at, actor, Action.REVIEW_CLAIM, session_id)
    return row.model()


def release(db: Db, core: Core, actor: Actor, session_id: str) -> Review:
    """Give the session back to the queue. Raises Conflict when it is not the actor's."""
    row = _claimed(db, session_id, actor)
    row.state, row.claimed_by, row.claimed_at = ReviewState.TO_REVIEW.value, None, None
    enter(db, core.clock, actor, Action.REVIEW_RELEASE, session_id)
    return row.model()


def decide_no_concern(db: Db, core: Core, actor: Actor, session_id: str) -> Review:
    """Nothing to follow up. Raises Conflict while flags are open or the session still records."""
    row = _claimed(db, session_id, actor)
    _check_decidable(db, session_id)
    row.state, row.decided_by, row.decided_at = ReviewState.NO_CONCERN.value, actor.id, core.clock()
    enter(db, row.decided_at, actor, Action.REVIEW_DECIDE, session_id, outcome=ReviewState.NO_CONCERN.value)
    return row.model()


def decide_unclear(db: Db, core: Core, actor: Actor, session_id: str, note: str) -> Review:
    """Back to the queue, for another person, with a note of what could not be settled; flags may be open.

    Raises Invalid without a note, Conflict unless the session is claimed by the actor and ended.
    """
    note = check_unclear(note)
    row = _claimed(db, session_id, actor)
    check_ended(_state(db, session_id))
    row.state, row.claimed_by, row.claimed_at = ReviewState.TO_REVIEW.value, None, None
    row.unclear_by, row.note = actor.id, note
    said = commit(row, "note")
    enter(db, core.clock, actor, Action.REVIEW_DECIDE, session_id, outcome=UNCLEAR, **said)
    return row.model()


def check_deciding(db: Db, actor: Actor, session_id: str) -> None:
    """Raises Conflict unless the actor has claimed the session, it has ended and every flag was looked at."""
    _claimed(db, session_id, actor)
    _check_decidable(db, session_id)


def to_second_person(db: Db, now: datetime, actor: Actor, session_id: str) -> Review:
    """The claimant decided an incident at this instant, as `check_deciding` lets them; a second person is
    needed."""
    row = _claimed(db, session_id, actor)
    row.state, row.decided_by, row.decided_at = ReviewState.SECOND_PERSON.value, actor.id, now
    return row.model()


def to_incident(db: Db, session_id: str) -> Review:
    """Another person agreed."""
    row = _row(db, session_id)
    row.state = ReviewState.INCIDENT.value
    return row.model()


def to_no_concern(db: Db, now: datetime, actor: Actor, session_id: str) -> Review:
    """A third person did not agree either: decided at this instant, for good."""
    row = _row(db, session_id)
    row.state, row.decided_by, row.decided_at = ReviewState.NO_CONCERN.value, actor.id, now
    return row.model()


def annul(db: Db, session_id: str) -> Review:
    """An appeal took the incident back; nobody decides about the session again."""
    row = _row(db, session_id)
    row.state = ReviewState.ANNULLED.value
    return row.model()


def _check_decidable(db: Db, session_id: str) -> None:
    """Raises as `model.check_decidable`."""
    open_flags = select(FlagRow.id).where(
        FlagRow.session_id == session_id, FlagRow.state == FlagState.OPEN.value
    )
    check_decidable(_state(db, session_id), len(list(db.scalars(open_flags))))


def _state(db: Db, session_id: str) -> SessionState:
    return SessionState(session_row(db, session_id).state)


def _claimed(db: Db, session_id: str, actor: Actor) -> ReviewRow:
    row = _row(db, session_id)
    check_not_restricted(db, session_id)
    if row.state != ReviewState.IN_REVIEW.value or row.claimed_by != actor.id:
        raise Conflict("You have not claimed this session.", "Claim it first.")
    return row


def _row(db: Db, session_id: str) -> ReviewRow:
    """The review as it is now; nobody else decides about the session until the transaction ends."""
    session_row(db, session_id, lock=True)
    changed(db, session_id, REVIEW)
    row = db.get(ReviewRow, session_id, with_for_update=True)
    if row is None:
        row = ReviewRow(session_id=session_id, state=ReviewState.TO_REVIEW.value)
        db.add(row)
        db.flush()
    return row
