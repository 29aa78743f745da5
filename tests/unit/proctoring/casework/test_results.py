"""Results are published now or later, never earlier: candidates get their whole objection period."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from proctoring.casework import results
from proctoring.errors import Conflict, Invalid
from proctoring.exams.model import Exam, Stream, check_published
from proctoring.recordings import ending
from proctoring.units.rows import UnitRow
from tests.support.world import ADMIN, World


@pytest.fixture
def exam(world: World) -> Exam:
    """One of its sessions has ended, one records."""
    made = world.exam(streams=(Stream.WEBCAM,))
    ended, going_on = world.admitted(made), world.admitted(made)
    world.record(ended)
    world.record(going_on)
    with world.core.db.begin() as db:
        ending.finish(db, world.core, ended.id)
    return made


def dues(world: World) -> set[datetime]:
    with world.core.db.read() as db:
        return {unit.due_at for unit in db.query(UnitRow)}


@pytest.mark.promise("P7")
def test_results_are_never_published_in_the_past(world: World, exam: Exam) -> None:
    """Not by a second, and nothing is due sooner than before: who could not know could not object."""
    before = dues(world)
    for earlier in (timedelta(seconds=1), timedelta(days=40), timedelta(days=365 * 6)):
        with world.core.db.begin() as db, pytest.raises(Invalid, match="is past"):
            results.publish_results(db, world.core, ADMIN, exam.id, world.clock() - earlier)
    assert dues(world) == before
    with world.core.db.begin() as db:
        published = results.publish_results(db, world.core, ADMIN, exam.id)
    assert published.results_published_at == world.clock()


def test_publishing_again_only_shortens_and_never_into_the_past(world: World, exam: Exam) -> None:
    """A date told once is not moved later; nor to one that has gone by."""
    now = world.clock()
    told = replace(exam, results_published_at=now + timedelta(days=3))
    check_published(told, now, now)
    check_published(told, now + timedelta(days=3), now)
    with pytest.raises(Conflict):
        check_published(told, now + timedelta(days=4), now)
    with pytest.raises(Invalid):
        check_published(told, now - timedelta(days=1), now)
    with pytest.raises(Conflict):
        check_published(replace(exam, results_published_at=now - timedelta(days=1)), now, now)
    with pytest.raises(Invalid, match="further away"):
        check_published(exam, now + timedelta(days=exam.regulation.max_days_without_results + 1), now)


def test_the_preview_is_what_publishing_then_does(world: World, exam: Exam) -> None:
    """It counts ended sessions with evidence by when they would be due, and changes nothing."""
    before = dues(world)
    at = world.clock() + timedelta(days=2)
    with world.core.db.read() as db:
        preview = results.preview_results(db, world.core, exam.id, at)
    assert list(preview.values()) == [1]
    assert dues(world) == before
    with world.core.db.begin() as db:
        results.publish_results(db, world.core, ADMIN, exam.id, at)
    assert set(preview) == dues(world) - before
    with world.core.db.read() as db, pytest.raises(Invalid):
        results.preview_results(db, world.core, exam.id, world.clock() - timedelta(days=1))
