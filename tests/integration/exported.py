"""Packages of two candidates, for an attacker to change."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from proctoring.exams.model import Stream
from proctoring.recordings import ending
from storage.package.verify import verify
from storage.proofs.checkpoint import Checkpoint, read_checkpoint
from storage.proofs.witness import read as read_witness
from tests.support.packages import checkpoints, export
from tests.support.world import SEGMENT_MS, World

CHUNK = 16 * 1024
MANIFEST = "data/webcam/manifest.json"
SEALED = "data/webcam/sealed/00000001.pev"
MEDIA = "data/webcam/media/00000001.webm"


class Exported(NamedTuple):
    """Two candidates' packages, and what had left the host by then."""

    world: World
    one: Path
    other: Path
    copies: list[Checkpoint]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exported]:
    """Two streams each, three segments a stream, the middle one of several chunks."""
    folder = tmp_path_factory.mktemp("exported")
    world = World(folder)
    exam = world.exam(streams=(Stream.WEBCAM, Stream.SCREEN))
    packages = []
    for name in ("one", "other"):
        session = world.admitted(exam)
        for stream in (Stream.WEBCAM, Stream.SCREEN):
            begun = world.begin(session, stream)
            start = world.clock.unix_ms
            for seq, size in enumerate((100, 2 * CHUNK + 77, 300)):
                world.store(begun, seq, start + seq * SEGMENT_MS, f"{name} {stream} {seq}".encode() * size)
            world.end(begun)
        world.clock.move(seconds=12)
        with world.core.db.begin() as db:
            ending.finish(db, world.core, session.id)
        checkpoints(world, folder / "copy").run()
        export(world, session, folder / name)
        packages.append(folder / name)
    lines, _ = read_witness(folder / "copy")
    copies = [read_checkpoint(line, world.signer.public) for line in lines if isinstance(line, str)]
    yield Exported(world, packages[0], packages[1], copies)
    world.core.db.close()


def failures(package: Path, exported: Exported) -> set[tuple[str, str]]:
    """(code, reason) of every FAIL, as a reader finds them who has key and copies."""
    return verify(package, exported.world.signer.public, exported.copies).reasons()
