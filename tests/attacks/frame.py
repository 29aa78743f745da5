"""An attack in words, its outcome in numbers, and the services that the attacks of one area share."""

import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.service import Service

FILES_SOFT = 1024  # the soft limit that most systems start a service with
LOOPBACK = "127.0.0.1"


class Shape(StrEnum):
    """How the service is started."""

    ONE = "one process"
    TWO = "two capture processes"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How often it was tried and how often it got through; what was lost of that which had to be kept.

    `None` where an attack does not look for that kind of loss.
    """

    tried: int
    through: int = 0
    picture_ms: int | None = None
    sound_ms: int | None = None
    rows: int | None = None

    @property
    def held(self) -> bool:
        """Whether nothing got through and nothing was lost."""
        return not (self.through or self.picture_ms or self.sound_ms or self.rows)

    @property
    def lost(self) -> str:
        """The loss in words, for the table."""
        kinds = ((self.picture_ms, "ms of picture"), (self.sound_ms, "ms of sound"), (self.rows, "rows"))
        return ", ".join(f"{count} {kind}" for count, kind in kinds if count is not None) or "not measured"


@dataclass(frozen=True, slots=True)
class Attack:
    """`run` does it, and judges the answers by itself. Raises when the attack could not be made."""

    name: str
    run: Callable[["Ground"], Outcome]


class Ground:
    """The place of one area's attacks: an empty folder, and services, each started when first asked for."""

    def __enter__(self) -> Self:
        self._open = ExitStack()
        self.folder = Path(self._open.enter_context(tempfile.TemporaryDirectory(prefix="attacks-")))
        self._services: dict[Shape, Service] = {}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def on_a_disk_of(self, size_bytes: int) -> Path:
        """The folder, now a file system of its own, in memory. Before the first service. Needs root."""
        if not self.folder.is_mount():
            assert not self._services
            subprocess.run(
                ["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "attacks", self.folder], check=True
            )
            self._open.callback(lambda: subprocess.run(["umount", self.folder], check=True))
        return self.folder

    def service(self, shape: Shape = Shape.ONE) -> Service:
        """The area's service of that shape, serving, with media on loopback."""
        if shape not in self._services:
            with files_limited(FILES_SOFT):
                self._services[shape] = _started(self.folder / shape.name.lower(), shape)
            self._open.callback(self._services[shape].stop)
        return self._services[shape]


def _started(folder: Path, shape: Shape) -> Service:
    folder.mkdir()
    command = (
        [sys.executable, "-m", "proctoring", "capture", "--processes", "2"] if shape is Shape.TWO else ()
    )
    service = Service(folder / "data", {"PROCTORING_MEDIA_ADDRESSES": f'["{LOOPBACK}"]'}, command)
    if shape is Shape.TWO:
        service.run("init")
    return service.start()


@contextmanager
def files_limited(soft: int) -> Iterator[None]:
    """What is started meanwhile begins with that soft limit of open files."""
    before, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (before, hard))
