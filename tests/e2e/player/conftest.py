"""One recorded session, its site, a Chromium and a Firefox, shared by the player's tests."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from proctoring.access.model import Role
from proctoring.access.service import actor
from proctoring.casework import claims
from proctoring.sessions.model import Session
from tests.e2e.player.stage import Stage, chromium, served
from tests.support.firefox import Firefox, firefox
from tests.support.world import World


@pytest.fixture(scope="package")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    world = World(tmp_path_factory.mktemp("player"))
    made = Stage(world)
    made.hire("Proctor", Role.PROCTOR)
    made.hire("Colleague", Role.PROCTOR)
    with served(made):
        yield made
    world.core.db.close()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="package")
def reader(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    """A Firefox that is signed in as the proctor."""
    with firefox(tmp_path_factory.mktemp("firefox") / "profile") as running:
        running.open(f"{stage.url}/static/look/icon.svg")
        running.carry({"login": stage.secrets["Proctor"]})
        yield running


@pytest.fixture(scope="package")
def session(stage: Stage) -> Session:
    recorded = stage.session()
    core, who = stage.world.core, actor(stage.people["Proctor"])
    with core.db.begin() as db:
        claims.claim(db, core, who, recorded.id)
    return recorded


@pytest.fixture
def page(stage: Stage, browser: Browser, session: Session) -> Iterator[Page]:
    opened = stage.review(browser, "Proctor", session)
    yield opened
    opened.context.close()
