"""Backups of a world's database, and putting one back, as an operator does: the rest of the world goes on."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from proctoring.custody.model import Actor
from proctoring.proofs.bodies import Restoration
from proctoring.proofs.checkpoints import Checkpoints
from proctoring.quarantine.service import in_force
from proctoring.restore import lift as lifting
from proctoring.restore.compare import CopyWatch
from proctoring.restore.missing import ProvenMissing
from retention.replay import Replay, Replayed
from storage.objects.shred import Shredder
from tests.support import postgres, sqlite
from tests.support.world import World

OPERATOR = Actor("cli:op", "operator")
REASON = "The disk of the database broke."
_names = count(1)


@dataclass
class Backup:
    """`put_back` makes the database what it was; `forget` when it is not needed any more."""

    put_back: Callable[[], None]
    forget: Callable[[], None]


def back_up(world: World) -> Backup:
    """The database as it is now."""
    world.core.db.close()
    if world.database_url is not None:
        url = world.database_url
        saved = postgres.server().copied(url)

        def put_back() -> None:
            world.core.db.close()
            postgres.server().put_back(saved, url)

        return Backup(put_back, lambda: postgres.server().drop(saved))
    file = world.folder / f"backup-{next(_names)}.db"
    sqlite.copy(world.folder / "world.db", file)

    def put_file_back() -> None:
        world.core.db.close()
        sqlite.copy(file, world.folder / "world.db")

    return Backup(put_file_back, file.unlink)


class Operations:
    """What the service and its operator do about a restore."""

    def __init__(self, world: World) -> None:
        assert world.copy is not None
        self.world = world
        self.copy = world.copy

    def checkpoints(self) -> Checkpoints:
        return Checkpoints(self.world.core, self.world.signer, self.copy)

    def watch(self) -> CopyWatch:
        """Of a process that has just started."""
        return CopyWatch(self.world.core, self.world.signer.public, self.copy)

    def look(self) -> ProvenMissing:
        """As every process does at its start."""
        return self.watch().look()

    def quarantined(self) -> bool:
        with self.world.core.db.read() as db:
            return in_force(db) is not None

    def replay(self) -> Replayed:
        replay, watch = Replay(self.world.core, Shredder(self.world.objects)), self.watch()
        watch.look()
        return replay.run(watch.compare(), OPERATOR)

    def lift(self, reason: str = REASON) -> Restoration:
        world = self.world
        return lifting.lift(world.core, world.signer, self.watch(), self.copy, by=OPERATOR, reason=reason)
