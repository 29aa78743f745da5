"""The candidate's pages over a core and vault of the test's own."""

import pytest
from fastapi import FastAPI

from capture.pages import routes
from capture.stills import MemoryStills
from proctoring.web import problems
from proctoring.web.head import HeadAsGet
from proctoring.web.security import BrowserRules
from tests.support.asgi import AsgiClient
from tests.support.world import World


@pytest.fixture
def stills() -> MemoryStills:
    """Where the pages hand images of identity cards to."""
    return MemoryStills()


@pytest.fixture
def client(world: World, stills: MemoryStills) -> AsgiClient:
    """Requests to the candidate's pages."""
    app = FastAPI()
    app.add_middleware(HeadAsGet)
    app.add_middleware(BrowserRules)
    problems.install(app)
    app.include_router(routes(world.core, stills))
    return AsgiClient(app)
