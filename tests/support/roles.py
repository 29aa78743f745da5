"""A world on PostgreSQL in which each act is done by the database user of the role whose act it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from proctoring.core import Core
from proctoring.db import Database
from proctoring.migrations.grants import grant
from proctoring.migrations.rights import USERS
from proctoring.proofs.copied_acts import copy_acts
from tests.support import postgres
from tests.support.world import World

OWNER = "postgresql+psycopg://proctoring@"


class RolesWorld(World):
    """`World` for setting up, as the command line does, under the owner; within `role`, under that role."""

    cores: dict[str, Core]

    @contextmanager
    def role(self, name: str) -> Iterator[Core]:
        """What `core` and the eraser are meanwhile."""
        owner, eraser = self.core, self.eraser
        self.core = self.cores[name]
        self.eraser = self.new_eraser()
        try:
            yield self.core
        finally:
            self.core, self.eraser = owner, eraser


@contextmanager
def roles_world(folder: Path) -> Iterator[RolesWorld]:
    """With the rights that `proctoring init` gives, and no others."""
    url = postgres.server().fresh()
    world = RolesWorld(folder, database_url=url, copy=folder / "copy")
    grant(world.core.db, dict.fromkeys(USERS, "secret"))
    world.cores = {
        name: replace(
            world.core, db=Database(url.replace(OWNER, f"postgresql+psycopg://{name}@"), clock=world.clock)
        )
        for name in USERS
    }
    copy_acts(world.cores["worker"], world.signer)
    yield world
    for core in (world.core, *world.cores.values()):
        core.db.close()
    postgres.server().drop(url)
