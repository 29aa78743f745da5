"""Parts that the tests of the end of life share."""

import pytest

from proctoring.casework import results
from proctoring.sessions.model import Session
from tests.support.world import ADMIN, World


@pytest.fixture
def ended(world: World) -> Session:
    """An ended session of an exam whose results are published."""
    exam = world.exam()
    session = world.ended(exam)
    with world.core.db.begin() as db:
        results.publish_results(db, world.core, ADMIN, exam.id, world.clock())
    return session
