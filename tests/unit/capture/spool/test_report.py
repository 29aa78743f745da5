"""A process says at once that it can keep nothing more, or can again; without a database that waits."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from capture.spool import report
from capture.spool.report import SpoolReport
from capture.spool.spool import Spool
from proctoring.spools import service as spools
from proctoring.spools.model import Standing, Trouble
from tests.support.unreachable import Faults, faulty
from tests.support.world import World


@dataclass
class Figures:
    """Of media, as a registry of ingests has them."""

    waiting_bytes: int = 0
    datagrams_lost: int = 0
    sounds_lost: int = 0


@dataclass
class Stage:
    """A spool and its report, whose rounds the test makes."""

    world: World
    faults: Faults
    spool: Spool
    media: Figures
    report: SpoolReport

    def told(self) -> Standing:
        with self.world.core.db.read() as db:
            (one,) = spools.standing(db, self.world.core)
            return one


def on_stage(world: World, scenario: Callable[[Stage], Awaitable[None]]) -> None:
    async def run() -> None:
        faults = Faults()
        spool = Spool(world.folder / "spool", disk_free_bytes_min=0)
        spool.open()
        with faulty(world.core, faults) as core:
            media = Figures()
            await scenario(Stage(world, faults, spool, media, SpoolReport(core, spool, media)))
        spool.close()

    asyncio.run(run())


def test_trouble_is_told_at_once_and_so_is_its_end(world: World) -> None:
    """Whatever was told a moment before; figures alone wait for their turn."""

    async def scenario(stage: Stage) -> None:
        await stage.report.look()
        first = stage.told()
        assert first.told.trouble is None
        assert first.told.free_bytes > 0
        stage.media.waiting_bytes, stage.media.sounds_lost = 7, 2
        await stage.report.look()
        assert stage.told().told.waiting_bytes == first.told.waiting_bytes
        stage.spool._disk_free_bytes_min = 1 << 60
        await stage.report.look()
        told = stage.told()
        assert (told.told.trouble, told.told.memory_bytes, told.told.sounds_lost) == (Trouble.DISK_FULL, 7, 2)
        assert told.since == world.clock.now
        stage.spool._disk_free_bytes_min = 0
        await stage.report.look()
        assert stage.told().told.trouble is None

    on_stage(world, scenario)


def test_without_a_database_it_is_told_once_that_is_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own task goes on through whatever happens, and ends when it is told to."""
    monkeypatch.setattr(report, "LOOK_S", 0.01)

    async def scenario(stage: Stage) -> None:
        stage.faults.database_away = True
        stage.spool._disk_free_bytes_min = 1 << 60
        await stage.report.start()
        await asyncio.sleep(0.05)
        stage.faults.database_away = False

        def in_trouble() -> bool:
            with world.core.db.read() as db:
                return [one.told.trouble for one in spools.troubles(db, world.core)] == [Trouble.DISK_FULL]

        async with asyncio.timeout(30):
            while not in_trouble():  # noqa: ASYNC110 - another thread makes it true
                await asyncio.sleep(0.01)
        await stage.report.close()

    on_stage(world, scenario)
