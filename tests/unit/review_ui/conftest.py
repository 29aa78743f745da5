"""The review edge over a core and vault of the test's own, and staff who are signed in to it."""

from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from proctoring.access import service as access
from proctoring.access.model import Person, Role
from proctoring.custody.model import Action, Actor
from proctoring.custody.service import entries
from proctoring.custody.views import PAGE
from proctoring.web.application import application
from review_ui.app import draw_problems
from storage.proofs.commitment import is_commitment
from tests.support.asgi import AsgiClient
from tests.support.staff_site import staff_routes
from tests.support.world import ADMIN, World

HTML = "text/html"


@dataclass
class Staff:
    """One signed-in person; `get` asks for pages as a browser does."""

    client: AsgiClient
    person: Person
    secret: str

    @property
    def actor(self) -> Actor:
        return access.actor(self.person)

    def get(self, path: str, accept: str = HTML) -> httpx2.Response:
        return self.client.get(path, headers=self._headers(accept))

    def post(self, path: str, accept: str = "application/json", **fields: Any) -> httpx2.Response:
        return self.client.post(path, headers=self._headers(accept), data=fields)

    def head(self, path: str, accept: str = HTML) -> httpx2.Response:
        return self.client.request("HEAD", path, headers=self._headers(accept))

    def _headers(self, accept: str) -> dict[str, str]:
        return {"accept": accept, "cookie": f"login={self.secret}"}


@dataclass
class Office:
    """The world, its site, and who works there."""

    world: World
    client: AsgiClient

    def hire(self, name: str, role: Role) -> Staff:
        core = self.world.core
        with core.db.begin() as db:
            person = access.add_user(db, core, ADMIN, name, role)
            _, secret = access.begin_login(db, core, access.new_link(db, core, ADMIN, person))
        return Staff(self.client, person, secret)

    def link(self, name: str, role: Role) -> str:
        """A one-time sign-in token of a new staff member."""
        with self.world.core.db.begin() as db:
            person = access.add_user(db, self.world.core, ADMIN, name, role)
            return access.new_link(db, self.world.core, ADMIN, person)

    def ledger(self, action: Action) -> list[dict[str, str | int | None]]:
        """Details of all entries of one action, without what they commit to."""
        with self.world.core.db.read() as db:
            found = [entry.detail for entry in entries(db) if entry.action is action]
        return [{name: one for name, one in detail.items() if not is_commitment(one)} for detail in found]

    def looks(self) -> list[dict[str, str | int | None]]:
        """Details of all entries of evidence that was opened: not those of a page that was read."""
        return [look for look in self.ledger(Action.EVIDENCE_VIEW) if look["stream"] != PAGE]


@pytest.fixture
def office(world: World) -> Office:
    app = application(world.core.settings)
    app.include_router(staff_routes(world.core, world.opener, world.objects))
    app.state.staff_problem = draw_problems(world.core, world.opener, world.objects)
    return Office(world, AsgiClient(app))


@pytest.fixture
def proctor(office: Office) -> Staff:
    return office.hire("M. Claes", Role.PROCTOR)


@pytest.fixture
def colleague(office: Office) -> Staff:
    return office.hire("J. Maes", Role.PROCTOR)
