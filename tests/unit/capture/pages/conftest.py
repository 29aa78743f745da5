"""The candidate's pages over a core and vault of the test's own."""

import pytest

from capture.pages import routes
from capture.stills import MemoryStills
from proctoring.compose.app import CAPTURE_BODIES, CATALOGUE, page_tokens
from proctoring.web.application import application
from proctoring.web.bodies import BodyRules
from tests.support.asgi import AsgiClient
from tests.support.world import World


@pytest.fixture
def stills() -> MemoryStills:
    """Where the pages hand images of identity cards to."""
    return MemoryStills()


@pytest.fixture
def client(world: World, stills: MemoryStills) -> AsgiClient:
    """Requests to the candidate's pages."""
    app = application(
        world.core.settings, BodyRules(CAPTURE_BODIES, page_tokens(world.core.links)), catalogue=CATALOGUE
    )
    app.include_router(routes(world.core, stills))
    return AsgiClient(app)
