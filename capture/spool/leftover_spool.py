"""A spool of a process that is not started any more, since there are fewer now: emptied, then removed."""

import shutil
from pathlib import Path

from capture.spool.files import ID_FILE
from capture.spool.sink import Sink
from capture.spool.spool import Spool
from proctoring.core import Core
from storage.objects.store import ObjectStore


class LeftoverSpool:
    """Commits what waits, and ends what was left open, as the start of its process would have."""

    def __init__(self, core: Core, objects: ObjectStore, folder: Path) -> None:
        self._folder = folder
        self._sink = Sink(core, objects, Spool(folder))

    async def start(self) -> None:
        """See `Sink.start`."""
        await self._sink.start()

    async def close(self) -> None:
        """The folder goes if nothing is left in it; else the next start goes on."""
        await self._sink.close()
        if [file.name for file in self._folder.iterdir()] == [ID_FILE]:
            shutil.rmtree(self._folder)
