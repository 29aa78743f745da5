"""Rows edited by somebody who may write every one of them: the replay of the ledger names table and column.

Each edit is made in a world where everything was decided, and taken back. It got through if the replay does
not name it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.attacks.frame import Attack, Ground, Outcome
from tests.support import postgres
from tests.support.decided import Decided, decide_everything
from tests.support.world import World
from tests.unit.proctoring.proofs.edits import FORTY, SIXTY, Edit
from tests.unit.proctoring.proofs.test_edits import found

TITLE = "Insiders: rows"


class On(StrEnum):
    """The database."""

    SQLITE = "SQLite"
    POSTGRES = "PostgreSQL"


@contextmanager
def _decided(on: On) -> Iterator[tuple[World, Decided]]:
    with TemporaryDirectory(prefix="rows-") as folder:
        url = postgres.server().fresh() if on is On.POSTGRES else None
        world = World(Path(folder), database_url=url)
        try:
            yield world, decide_everything(world)
        finally:
            world.core.db.close()
            if url is not None:
                postgres.stop()


def _edited(edits: Sequence[Edit], on: On, _ground: Ground) -> Outcome:
    with _decided(on) as (world, sessions):
        passed = [edit.name for edit in edits if not _is_named(edit, world, sessions)]
    print("".join(f"          not found: {name}\n" for name in passed), end="")
    return Outcome(len(edits), len(passed))


def _is_named(edit: Edit, world: World, sessions: Decided) -> bool:
    return any((one.table, one.column) == (edit.table, edit.column) for one in found(world, sessions, edit))


ATTACKS = [
    Attack(f"{words} ({on})", partial(_edited, edits, on))
    for on in On
    for words, edits in (
        ("edits of rows that once passed unseen, each named by row and column", SIXTY),
        ("further edits of rows, each named by row and column", FORTY),
    )
]
