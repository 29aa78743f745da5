"""The candidate's pages over a core and vault of the test's own."""

import pytest

from capture.identity_recorder import MemoryIdentityRecorder
from capture.pages import routes
from proctoring.compose.app import CATALOGUE
from proctoring.compose.capture_edge import CAPTURE_BODIES, page_tokens
from proctoring.web.application import application
from proctoring.web.bodies import BodyRules
from tests.support.asgi import AsgiClient
from tests.support.world import World


@pytest.fixture
def images() -> MemoryIdentityRecorder:
    """Where the pages hand images of identity cards to."""
    return MemoryIdentityRecorder()


@pytest.fixture
def client(world: World, images: MemoryIdentityRecorder) -> AsgiClient:
    """Requests to the candidate's pages."""
    app = application(
        world.core.settings, BodyRules(CAPTURE_BODIES, page_tokens(world.core.links)), catalogue=CATALOGUE
    )
    app.include_router(routes(world.core, images))
    return AsgiClient(app)
