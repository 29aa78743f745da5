"""Permits: the person who is signed in, and their right to do what a route is for.

Each staff route declares the permit that it needs, and its handler is given it:

    @router.post("/sessions/{session_id}/release")
    def release(session_id: str, by: Annotated[Permit, needs(staff, May.DECIDE, SESSION)]) -> Response:

A route without a permit is open to everybody; a test lists those routes by name.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import Depends, Request
from sqlalchemy.orm import Session as Db

from proctoring.access.model import May, Person, require
from proctoring.access.service import actor
from proctoring.appeals import service as appeals
from proctoring.casework.standing import demand
from proctoring.core import Core
from proctoring.custody import service as custody
from proctoring.custody.model import Actor
from proctoring.flags import service as flags
from proctoring.incidents import service as incidents
from proctoring.quarantine.service import check_none
from review_ui.staff_pages import StaffPages


@dataclass(frozen=True, slots=True)
class Subject:
    """The session that a route is about, found by one part of its address. Raises NotFound."""

    part: str
    session_id: Callable[[Db, str], str]


SESSION = Subject("session_id", lambda _, given: given)
FLAG = Subject("flag_id", lambda db, given: flags.load(db, given).session_id)
INCIDENT = Subject("incident_id", lambda db, given: incidents.load(db, given).session_id)
APPEAL = Subject("appeal_id", lambda db, given: appeals.load(db, given).session_id)
CERTIFICATE = Subject("certificate_id", lambda db, given: custody.certificate(db, given).session_id)


@dataclass(frozen=True, slots=True)
class Permit:
    """A person and a permitted action, on one session or on none."""

    core: Core
    person: Person
    action: May
    session_id: str | None

    @property
    def actor(self) -> Actor:
        """The person as the ledger names them."""
        return actor(self.person)

    def check(self, db: Db) -> None:
        """Raises Denied unless the person may still do it."""
        if self.session_id is None:
            require(self.person, self.action)
        else:
            demand(db, self.person, self.action, self.session_id)

    @contextmanager
    def begin(self) -> Iterator[Db]:
        """A transaction for the act; the permit is checked again in it. Raises Denied."""
        with self.core.db.begin() as db:
            self.check(db)
            yield db


@dataclass(frozen=True, slots=True)
class Needs:
    """Dependency of a route: gives its permit, or raises NotSignedIn, NotFound or Denied."""

    staff: StaffPages
    action: May
    of: Subject | None

    def __call__(self, request: Request) -> Permit:
        with self.staff.core.db.read() as db:
            return self.permit(request, db)

    def permit(self, request: Request, db: Db) -> Permit:
        """The permit as of this transaction. Raises NotSignedIn, NotFound or Denied."""
        person = self.staff.signed_in(request, db)
        session_id = self.of.session_id(db, request.path_params[self.of.part]) if self.of else None
        permit = Permit(self.staff.core, person, self.action, session_id)
        permit.check(db)
        return permit


@dataclass(frozen=True, slots=True)
class Asked:
    """A request whose permit is checked in the transaction that reads what it asks for."""

    request: Request
    needs: Needs

    @contextmanager
    def read(self) -> Iterator[tuple[Permit, Db]]:
        """A reading transaction with the permit. Raises Quarantined, NotSignedIn, NotFound or Denied."""
        with self.needs.staff.core.db.read() as db:
            check_none(db)
            yield self.needs.permit(self.request, db), db


class NeedsLater(Needs):
    """The same for a route that many ask at once, and that no gate (`web.quarantine`) precedes."""

    async def __call__(self, request: Request) -> Asked:  # type: ignore[override]
        return Asked(request, self)


def needs(staff: StaffPages, action: May, of: Subject | None = None) -> Any:
    """Declaration of a route: permission for `action`, and for the session `of` its address where a rule asks
    for the person's relation to it."""
    return Depends(Needs(staff, action, of))


def needs_later(staff: StaffPages, action: May, of: Subject) -> Any:
    """The same declaration; the handler is given `Asked`, and everything is read in one transaction."""
    return Depends(NeedsLater(staff, action, of))
