"""Several processes record one session, each through its own spool: who ends what, and who waits for whom."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from capture.spool.drain import CommitResult, Drain
from capture.spool.leftover_spool import LeftoverSpool
from capture.spool.spool import Spool
from proctoring.data_folder import DataFolder
from proctoring.exams.model import Stream
from proctoring.recordings import take_owners
from proctoring.recordings.model import EndCause
from proctoring.recordings.rows import TakeRow
from proctoring.recordings.take_owners import EARLIER_WAIT
from tests.support.unreachable import Faults, UnreachableObjects
from tests.support.world import SEGMENT_MS, World
from tests.unit.capture.spool.test_drain import Bench

BEGUN_MS = 1000  # where the first segment lies on the time line
RETURNED_MS = 10_000


@pytest.fixture
def two(world: World) -> Iterator[tuple[Bench, Bench]]:
    """Two processes over one database and one store."""
    spools = [Spool(world.folder / name, disk_free_bytes_min=0) for name in ("first", "second")]
    for spool in spools:
        spool.open()
    faults, core = Faults(), world.core
    first, second = (
        Bench(world, faults, core, spool, Drain(core, UnreachableObjects(world.objects, faults), spool))
        for spool in spools
    )
    yield first, second
    for spool in spools:
        spool.close()


def gaps(bench: Bench, session: object) -> list[tuple[str, int, int | None]]:
    line = bench.line(session)  # type: ignore[arg-type]
    return [(gap.reason.value, gap.start_ms, gap.end_ms) for gap in line.gaps]


def test_a_start_ends_the_takes_of_its_own_spool_alone(two: tuple[Bench, Bench]) -> None:
    """What another process is recording meanwhile goes on."""
    first, second = two
    session = first.world.admitted()
    lost, goes_on = first.begin(session), second.begin(session, Stream.SCREEN)
    first.restart()
    for unit in first.spool.lanes():
        assert first.empty(unit) is CommitResult.DONE
    with first.core.db.read() as db:
        causes = {row.id: row.end_cause for row in db.query(TakeRow)}
    assert causes == {lost.take.id: EndCause.SERVER_STOPPED.value, goes_on.take.id: None}


def test_a_spool_keeps_its_name_and_two_have_different_ones(two: tuple[Bench, Bench]) -> None:
    """A take belongs to whoever opens the folder next."""
    first, second = two
    before = first.spool.id
    first.restart()
    assert before == first.spool.id != second.spool.id
    with first.core.db.read() as db:
        assert take_owners.open_takes_of(db, before) == []


def test_a_moved_stream_waits_for_what_the_dead_process_had_accepted(two: tuple[Bench, Bench]) -> None:
    """Killed with a segment in its spool; the publisher goes on elsewhere at once. The manifest has all of it
    in order, and between lies a gap of the server's, exactly as long as what is missing."""
    first, second = two
    session, start = first.world.admitted(), first.world.clock.unix_ms
    lost = first.begin(session)
    first.accept(lost, 0, start)
    again = second.begin(session)
    second.accept(again, 0, start + RETURNED_MS)
    unit = lost.take.unit_id
    assert second.empty(unit) is CommitResult.HELD_UP
    first.restart()
    assert first.empty(unit) is CommitResult.DONE
    assert second.empty(unit) is CommitResult.DONE
    assert [leaf[0] for leaf in first.leaves(unit)] == [lost.take.id, again.take.id]
    assert gaps(first, session) == [("server", BEGUN_MS + SEGMENT_MS, BEGUN_MS + RETURNED_MS)]


@pytest.mark.parametrize("over", [False, True], ids=["goes-on", "stopped"])
def test_a_spool_that_comes_back_late_changes_nothing_of_what_followed(
    two: tuple[Bench, Bench], over: bool
) -> None:
    """A process that stays away is not waited for: what followed is committed. Once its spool is back, its
    segment is there, and the gap is the same as if it had been there all the time."""
    first, second = two
    session, start = first.world.admitted(), first.world.clock.unix_ms
    lost = first.begin(session)
    first.accept(lost, 0, start)
    again = second.begin(session)
    second.accept(again, 0, start + RETURNED_MS)
    if over:
        second.end(again, EndCause.DEVICE_LOST)
    unit = lost.take.unit_id
    first.world.clock.move(seconds=EARLIER_WAIT.total_seconds() + 1)
    assert second.empty(unit) is CommitResult.DONE
    first.restart()
    assert first.empty(unit) is CommitResult.DONE
    assert [leaf[0] for leaf in first.leaves(unit)] == [again.take.id, lost.take.id]
    between = ("server", BEGUN_MS + SEGMENT_MS, BEGUN_MS + RETURNED_MS)
    behind = ("device", BEGUN_MS + RETURNED_MS + SEGMENT_MS, None)
    assert sorted(gaps(first, session), key=lambda gap: gap[1]) == ([between, behind] if over else [between])


def test_a_spool_that_is_left_over_is_emptied_and_then_goes(two: tuple[Bench, Bench]) -> None:
    """There are fewer processes now: one of them commits what waits, ends what was open, removes it."""
    first, _ = two
    world, session = first.world, first.world.admitted()
    lost = first.begin(session)
    first.accept(lost, 0)
    folder = world.folder / "first"
    first.spool.close()

    async def another_starts_and_stops() -> None:
        left = LeftoverSpool(world.core, world.objects, folder)
        await left.start()
        assert folder.exists()
        await left.close()

    asyncio.run(another_starts_and_stops())
    assert [leaf[:2] for leaf in first.leaves(lost.take.unit_id)] == [(lost.take.id, 0)]
    assert first.line(session).takes[0].end_cause is EndCause.SERVER_STOPPED
    assert not folder.exists()


@pytest.mark.parametrize("of", [1, 2, 3, 8])
def test_every_spool_belongs_to_one_process_however_many_there_are(tmp_path: Path, of: int) -> None:
    """Those of a former five too: none is left out, and no two processes open the same one."""
    places = DataFolder(tmp_path)
    for number in range(1, 5):
        (places.spool / str(number)).mkdir(parents=True)
    (places.spool / "00000000000007.pes").touch()
    shared_out = [folder for number in range(of) for folder in places.spools(number, of)]
    expected = [places.spool, *(places.spool / str(number) for number in range(1, max(of, 5)))]
    assert sorted(shared_out) == sorted(expected)
    assert [places.spools(number, of)[0] for number in range(of)] == expected[:of]
