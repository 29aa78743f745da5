"""Parts that the tests of the core share."""

import pytest

from proctoring.sessions.model import Session
from tests.support.world import World


@pytest.fixture
def ended(world: World) -> Session:
    return world.ended()
