"""Manifests followed from their first leaf to the last, the quick way: where nothing is wrong.

A leaf counts only where its row names the hash of its canonical form after the leaf before. So each column
that is hashed is proven in the same step. A manifest with any fault is left to
`proctoring.proofs.leaves`, which reads its rows again and names every one.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Integer, LargeBinary, select, type_coerce
from sqlalchemy.orm import Session as Db

from proctoring.clock import from_unix_ms, iso
from proctoring.proofs.model import Fact, Told
from proctoring.recordings.rows import OF_TAKE, SegmentRow, TakeRow
from storage.errors import BadName
from storage.objects.naming import segment_key
from storage.proofs.manifest import GENESIS, LeafHasher

ROWS_AT_ONCE = 2_000
MINUTES_KEPT = 1_000  # of written instants
NOT_HELD = (ArithmeticError, AttributeError, BadName, TypeError, ValueError)
"""What a value leads to that its column cannot hold."""
_ROW = SegmentRow.__table__.c
_TAKE = TakeRow.__table__.c
_COLUMNS = (
    *(_ROW[name] for name in ("unit_id", "position", "seq", "ct_len", "start_ms", "duration_ms")),
    # As the driver hands them out:
    type_coerce(_ROW.received_at, Integer),
    type_coerce(_ROW.ct_sha256, LargeBinary),
    type_coerce(_ROW.leaf_hash, LargeBinary),
    _TAKE.id,
    _TAKE.media_type,
    type_coerce(_TAKE.late, Integer),
)


Place = tuple[str, int, int, int]
"""A leaf's take, its number in it, and where it begins and ends on the time line, in ms."""


@dataclass(slots=True)
class Followed:
    """`hashes`: of the leaves, in hex, in order; with the place of each. `late`: by take, whether its leaves
    came late."""

    hashes: list[str] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    late: dict[str, object] = field(default_factory=dict)

    @property
    def head(self) -> tuple[int, str]:
        """Size and head of the manifest."""
        return len(self.hashes), self.hashes[-1] if self.hashes else GENESIS


See = Callable[[str, Followed | None], None]
"""Takes each unit whose leaves were read, with what `follow` found."""


def unseen(unit_id: str, followed: Followed | None) -> None:
    """Nobody else wants to know."""


def follow(db: Db, unit_ids: Collection[str]) -> Iterator[tuple[str, Followed | None]]:
    """Each of these units that has a leaf; None for one in which something is wrong."""
    joined = select(*_COLUMNS).outerjoin_from(SegmentRow.__table__, TakeRow.__table__, OF_TAKE)
    mine = joined.where(_ROW.unit_id.in_(unit_ids)).order_by(_ROW.unit_id, _ROW.position)
    # On the connection: of a million rows the session's own handling costs as much as the hashes.
    rows = db.connection().execute(mine, execution_options={"yield_per": ROWS_AT_ONCE})
    for unit_id, some in groupby(rows, key=itemgetter(0)):
        try:
            yield unit_id, _follow(unit_id, some)
        except NOT_HELD:
            yield unit_id, None


def _follow(unit_id: str, rows: Iterable[Sequence[Any]]) -> Followed | None:
    found, prev, hashed = Followed(), GENESIS, LeafHasher(unit_id).hash
    add_hash, add_place, known = found.hashes.append, found.places.append, found.late
    for expected, row in enumerate(rows):
        _, position, seq, size, start, lasts, received, sha, leaf_hash, take, media, late = row
        if position != expected or take is None:
            return None
        key, at = segment_key(unit_id, take, seq), _instant(received)
        prev = hashed((take, seq, key, sha.hex(), size, media, start, lasts, at, prev))
        if prev != leaf_hash.hex():
            return None
        known[take] = late
        add_hash(prev)
        add_place((take, seq, start, start + lasts))
    return found


def _instant(unix_ms: object) -> str:
    """In the form that is hashed."""
    if type(unix_ms) is not int:
        raise ValueError("no instant")
    seconds, rest_ms = divmod(unix_ms, 60_000)
    return f"{_minute(seconds)}:{rest_ms // 1000:02}.{rest_ms % 1000:03}Z"


@lru_cache(maxsize=MINUTES_KEPT)
def _minute(minutes: int) -> str:
    return iso(from_unix_ms(minutes * 60_000))[:16]


def agrees(told: Told, unit_id: str, followed: Followed, heads: Mapping[int, Fact]) -> bool:
    """Whether the ledger tells of these takes, and the leaves with which they ended."""
    for take, late in followed.late.items():
        facts = told.rows.get(("takes", take))
        if facts is None or told.value("takes", take, "unit_id") != unit_id:
            return False
        if late not in (0, 1) or ((fact := facts.get("late")) is not None and fact.value != late):
            return False
    hashes = followed.hashes
    return all(at < len(hashes) and hashes[at] == fact.value for at, fact in heads.items())
