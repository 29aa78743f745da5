"""Staff members, one-time sign-in links, logins."""

import hashlib
import secrets
from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session as Db

from proctoring.access.model import Person, Role, check_name
from proctoring.access.rows import LoginRow, SignInLinkRow, UserRow
from proctoring.core import Core
from proctoring.custody.committed import commit
from proctoring.custody.model import Action, Actor
from proctoring.custody.service import enter
from proctoring.errors import Conflict, NotFound, NotSignedIn, TokenRefused
from proctoring.text import isolated

LINK_VALID = timedelta(hours=24)
LOGIN_VALID = timedelta(hours=12)
TOKEN_BYTES = 24

_WHO = (
    select(LoginRow.expires_at, UserRow.id, UserRow.name, UserRow.role)
    .join(UserRow, UserRow.id == LoginRow.user_id)
    .where(LoginRow.token_hash == bindparam("token"))
)
_NEW_LINK = "Ask the operator for a new one: `proctoring user link NAME`."


def actor(person: Person) -> Actor:
    """The person as the custody ledger names them: by id and role, never by name."""
    return Actor(person.id, person.role.value)


def add_user(db: Db, core: Core, by: Actor, name: str, role: Role) -> Person:
    """A new staff member. Raises Conflict when the name is taken, Invalid when it cannot be."""
    name = check_name(name)
    if db.scalar(select(UserRow.id).where(UserRow.name == name)) is not None:
        raise Conflict(
            f"{isolated(name)} is on the list already.", "Choose another name, or make a link for this one."
        )
    row = UserRow(id=core.new_id(), name=name, role=role.value, created_at=core.clock())
    db.add(row)
    db.flush()
    told = {"user": row.id, "role": role.value}
    enter(db, row.created_at, by, Action.USER_ADD, **told, **commit(row, "name"))
    return row.model()


def users(db: Db) -> list[Person]:
    """All staff members by name."""
    return [row.model() for row in db.scalars(select(UserRow).order_by(UserRow.name))]


def names(db: Db, ids: Collection[str]) -> dict[str, str]:
    """The names of these staff members, by id."""
    if not ids:
        return {}
    return dict(db.execute(select(UserRow.id, UserRow.name).where(UserRow.id.in_(ids))).all())


def find_user(db: Db, name: str) -> Person:
    """Raises NotFound."""
    row = db.scalar(select(UserRow).where(UserRow.name == name.strip()))
    if row is None:
        raise NotFound(f"There is no staff member {isolated(name)}.", "Add one with `proctoring user add`.")
    return row.model()


def new_link(db: Db, core: Core, by: Actor, person: Person) -> str:
    """A one-time sign-in token for the person, good for LINK_VALID."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    expires_at = core.clock() + LINK_VALID
    db.add(SignInLinkRow(token_hash=_hash(token), user_id=person.id, expires_at=expires_at, used_at=None))
    enter(db, core.clock, by, Action.USER_LINK, user=person.id)
    return token


def link_owner(db: Db, core: Core, token: str) -> Person:
    """Whose link this is, without using it up. Raises TokenRefused when it is used, expired or unknown."""
    row = db.get(SignInLinkRow, _hash(token))
    if row is None or row.used_at is not None:
        raise TokenRefused("This sign-in link was used already or was not made here.", _NEW_LINK)
    if core.clock() >= row.expires_at:
        raise TokenRefused("This sign-in link has expired.", _NEW_LINK)
    return _person(db, row.user_id)


def begin_login(db: Db, core: Core, token: str) -> tuple[Person, str]:
    """Use the link up; the person and the login's secret for the cookie. Raises TokenRefused."""
    person = link_owner(db, core, token)
    used = (
        update(SignInLinkRow)
        .where(SignInLinkRow.token_hash == _hash(token), SignInLinkRow.used_at.is_(None))
        .values(used_at=core.clock())
        .returning(SignInLinkRow.user_id)
    )
    if db.scalar(used) is None:
        raise TokenRefused("This sign-in link was used already.", _NEW_LINK)
    secret = secrets.token_urlsafe(TOKEN_BYTES)
    now = core.clock()
    db.add(LoginRow(token_hash=_hash(secret), user_id=person.id, began_at=now, expires_at=now + LOGIN_VALID))
    enter(db, core.clock, actor(person), Action.LOGIN_BEGIN)
    return person, secret


def who(db: Db, core: Core, secret: str | None) -> Person:
    """The signed-in person. Raises NotSignedIn."""
    found = db.execute(_WHO, {"token": _hash(secret)}).first() if secret else None
    if found is None or core.clock() >= found.expires_at:
        raise NotSignedIn("Nobody is signed in here.", "Open your sign-in link.")
    return Person(found.id, found.name, Role(found.role))


def end_login(db: Db, secret: str) -> None:
    """Sign out; harmless to repeat."""
    row = db.get(LoginRow, _hash(secret))
    if row is not None:
        db.delete(row)


def _person(db: Db, user_id: str) -> Person:
    row = db.get(UserRow, user_id)
    assert row is not None
    return row.model()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
