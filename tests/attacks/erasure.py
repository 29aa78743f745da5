"""Rows edited so that evidence that must stay looks free and due, and clocks that are wrong at a start.

Each edit is made three times: while a worker runs that has read the ledger; before one starts; and before one
starts that finds all of it read and signed by the replay. It got through if anything of the session was
destroyed, if nobody was told, or if another session was not erased in time.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import select

from proctoring.holds import worker_state
from proctoring.holds.brake import BrakeCause
from proctoring.proofs.epochs import EpochGuard
from proctoring.proofs.job import LedgerReplay
from proctoring.recordings.rotation import Rotation
from proctoring.units.model import UnitState
from proctoring.units.rows import UnitRow
from retention.clocks import AskTime, nobody
from retention.erase import Eraser
from retention.rules import Rules
from storage.errors import NotAuthentic
from storage.keys.folder import epoch_name
from storage.objects.shred import Shredder
from tests.attacks.erasure_edits import CASES
from tests.attacks.erasure_scene import Case, Scene
from tests.attacks.frame import Attack, Ground, Outcome
from tests.support.world import START, World

TITLE = "Erasure of what must stay"
AskClock = AskTime | Callable[[Scene], datetime | None]


@contextmanager
def scene(under: Path | None = None) -> Iterator[Scene]:
    """A world of its own."""
    with TemporaryDirectory(dir=under) as folder:
        one = Scene(World(Path(folder)))
        try:
            yield one
        finally:
            one.close()


class Knows(StrEnum):
    """What the worker knows of the ledger when the rows are edited."""

    NOTHING = "started afterwards"
    READ = "running"
    PAGES = "started afterwards, the ledger read and signed before"


def through(case: Case, knows: Knows, under: Path | None = None) -> str:
    """What went wrong, in a word; nothing where the edit held."""
    with scene(under) as one:
        return outcome(case, knows, one)


def outcome(case: Case, knows: Knows, one: Scene) -> str:
    """See `through`, in this scene."""
    case.before(one)
    if knows is Knows.READ:
        one.eraser.run()
    elif knows is Knows.PAGES:
        LedgerReplay(one.core, one.world.signer).run()
    if not case.early:
        one.due()
    case.edit(one)
    for _ in range(2):  # the audit and the sweep come a day later
        eraser = one.eraser if knows is Knows.READ else one.world.new_eraser()
        eraser.run()
        one.world.clock.move(days=1, minutes=1)
    if not one.kept():
        return "destroyed"
    if not one.told():
        return "untold"
    return "" if case.early or case.all or one.free_erased() else "another one kept"


def _edit(cases: list[Case]) -> Callable[[Ground], Outcome]:
    def run(ground: Ground) -> Outcome:
        tries = [(case, knows) for case in cases for knows in Knows]
        wrong = {one: word for one in tries if (word := through(*one, ground.folder))}
        for (case, knows), word in wrong.items():
            print(f"{case.name}, worker {knows.value}: {word}")
        return Outcome(len(tries), len(wrong), rows=sum(word == "destroyed" for word in wrong.values()))

    return run


def epoch_kept(edit: Callable[[Scene], None], under: Path | None = None) -> bool:
    """Whether the epoch that a held unit's key is sealed to outlives the edit, and somebody is told."""
    with scene(under) as one:
        one.world.clock.move(days=21)
        one.world.keys.ensure_epoch(one.world.clock())
        edit(one)
        with suppress(NotAuthentic):  # of keys that do not open
            Rotation(one.core, one.world.opener, one.world.keys, EpochGuard(one.core)).run()
        return epoch_name(START) in one.world.keys.epochs() and one.told()


EPOCHS: dict[str, Callable[[Scene], None]] = {
    "rows name another epoch": lambda one: one.write(one.units_are(kek_epoch=epoch_name(one.world.clock()))),
    "keys taken from the rows": lambda one: one.write(one.units_are(sealed_private_key=None)),
    "units seem erased, keys taken": lambda one: one.write(
        one.units_are(sealed_private_key=None, state=UnitState.ERASED.value)
    ),
    "key of another unit": lambda one: one.write(one.units_are(sealed_private_key=b"PET1 of another")),
}


def _epoch(edit: Callable[[Scene], None]) -> Callable[[Ground], Outcome]:
    def run(ground: Ground) -> Outcome:
        kept = epoch_kept(edit, ground.folder)
        return Outcome(1, int(not kept), rows=int(not kept))

    return run


def started(days: float, ask_time: AskClock = nobody) -> tuple[int, bool]:
    """A worker that starts so many days after the last pass: how many units it erases, and whether a brake
    waits for a person. Everything is due by its clock from the fifteenth day on."""
    with scene() as one:
        Eraser(one.core, Shredder(one.world.objects), one.world.signer, rules=Rules()).run()
        one.world.clock.move(days=days)
        shredder = Shredder(one.world.objects)
        asking = lambda: ask_time(one) if ask_time is not nobody else None  # type: ignore[call-arg]  # noqa: E731
        Eraser(one.core, shredder, one.world.signer, rules=Rules(), ticks=lambda: 0.0, ask_time=asking).run()
        with one.core.db.read() as db:
            gone = list(db.scalars(select(UnitRow.id).where(UnitRow.state == UnitState.ERASED.value)))
            brake = worker_state.brake_in_force(db)
        return len(gone), brake is not None and brake.cause is not BrakeCause.TOO_MUCH_AT_ONCE


CLOCKS: dict[str, tuple[float, AskClock]] = {
    "started 400 days ahead": (400, nobody),
    "started 16 days ahead": (16, nobody),
    "400 days ahead, the time-stamp authority says the time": (
        400,
        lambda one: one.world.clock() - timedelta(days=400),
    ),
    "16 days ahead, the authority two minutes off": (
        16,
        lambda one: one.world.clock() - timedelta(minutes=2),
    ),
}


def _clock(
    days: float, ask_time: AskTime | Callable[[Scene], datetime | None]
) -> Callable[[Ground], Outcome]:
    def run(_ground: Ground) -> Outcome:
        gone, waits = started(days, ask_time)
        return Outcome(1, int(bool(gone) or not waits), rows=gone)

    return run


ATTACKS = [
    *(Attack(name, _edit(cases)) for name, cases in CASES.items()),
    *(Attack(f"epoch of keys: {name}", _epoch(edit)) for name, edit in EPOCHS.items()),
    *(Attack(f"clock: {name}", _clock(*how)) for name, how in CLOCKS.items()),
]
