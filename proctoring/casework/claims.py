"""Claims: a reviewer takes a session on, unless three people have settled it."""

from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.custody.model import Actor
from proctoring.incidents.service import is_settled
from proctoring.reviews import service as reviews
from proctoring.reviews.model import Review
from proctoring.sessions.service import session_row


def claim(db: Db, core: Core, actor: Actor, session_id: str) -> Review:
    """Take the session on, as `reviews.service.claim`, which says what it raises."""
    session_row(db, session_id, lock=True)  # whoever settles it locks the row too
    return reviews.claim(db, core, actor, session_id, is_settled(db, session_id))
