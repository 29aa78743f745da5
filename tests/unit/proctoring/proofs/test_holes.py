"""Gaps that were taken away while the session recorded, before the ledger told them."""

import pytest
from sqlalchemy import delete, select

from proctoring.exams.model import Stream
from proctoring.proofs.all_rows import compare_all_rows
from proctoring.proofs.holes import holes
from proctoring.recordings import ending
from proctoring.recordings.rows import GapRow
from tests.support.world import World


@pytest.mark.parametrize(
    ("told", "left"),
    [
        ([(0, 4000), (4000, 8000)], []),
        ([(0, 4000), (4999, 8000)], []),
        ([(0, 4000), (5000, 8000)], [(4000, 5000)]),
        ([(0, 6000), (1000, 2000), (7500, 8000)], [(6000, 7500)]),
        ([(5999, 8000)], []),
        ([(6000, 8000)], [(0, 6000)]),
        ([(0, 6000)], [(6000, 8000)]),
        ([], [(0, 8000)]),
    ],
)
def test_what_is_left_open(told: list[tuple[int, int]], left: list[tuple[int, int]]) -> None:
    """Of a time line of eight seconds."""
    assert list(holes(told, 0, 8000)) == left


def test_streams_that_began_together_leave_no_hole() -> None:
    """The slack counts from the first media, which comes after the time line's beginning."""
    assert list(holes([(7199, 8000)], 1200, 8000)) == []
    assert list(holes([(7200, 8000)], 1200, 8000)) == [(0, 7200)]


def test_a_gap_deleted_while_the_session_records_is_found_once_it_is_over(world: World) -> None:
    """The entry that would tell it is not written yet: the leaves say that something is missing."""
    session = world.admitted(world.exam(streams=(Stream.WEBCAM,)))
    world.record(session)
    world.clock.move(seconds=30)
    begun = world.begin(session)
    world.store(begun, 0, world.clock.unix_ms)
    with world.core.db.begin() as db:
        gap = db.scalars(select(GapRow)).one()
        start, unit = gap.start_ms, gap.unit_id
        db.execute(delete(GapRow))
    world.end(begun)
    world.clock.move(seconds=4)
    with world.core.db.begin() as db:
        ending.finish(db, world.core, session.id)
    with world.core.db.read() as db:
        found = compare_all_rows(db).faults
    assert [(one.table, one.row, one.column) for one in found] == [("gaps", f"{unit}@{start}", "start_ms")]
