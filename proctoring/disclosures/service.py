"""Finds in the caller's transaction what a disclosure rests on."""

from sqlalchemy.orm import Session as Db

from proctoring.appeals import service as appeals
from proctoring.core import Core
from proctoring.custody.model import Actor
from proctoring.disclosures.model import Asked, Disclosure, disclosure
from proctoring.settings.settings import Env


def decide(db: Db, core: Core, actor: Actor, session_id: str, asked: Asked) -> Disclosure:
    """The disclosure that may be made of this session now. Raises Denied, Invalid."""
    appeal = appeals.open_of_session(db, session_id)
    return disclosure(asked, appeal.id if appeal else None, actor, core.settings.env is Env.DEV)
