"""Spool of a process that no longer exists, since fewer are configured now: emptied, then removed."""

import shutil
from pathlib import Path

from capture.spool.files import ID_FILE
from capture.spool.sink import Sink
from capture.spool.spool import Spool
from proctoring.core import Core
from storage.objects.store import ObjectStore


class LeftoverSpool:
    """Commits what waits and ends the open takes, as a start of its process would do."""

    def __init__(self, core: Core, objects: ObjectStore, folder: Path) -> None:
        self._folder = folder
        self._sink = Sink(core, objects, Spool(folder))

    async def start(self) -> None:
        """See `Sink.start`."""
        await self._sink.start()

    async def close(self) -> None:
        """Removes the folder if it is empty; otherwise the next start continues."""
        await self._sink.close()
        if [file.name for file in self._folder.iterdir()] == [ID_FILE]:
            shutil.rmtree(self._folder)
