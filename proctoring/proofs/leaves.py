"""Compares the leaves of a unit's manifest with their own chain, the unit's head, and the places of its
takes.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session as Db

from proctoring.clock import iso
from proctoring.custody.model import Entry
from proctoring.proofs.followed import Place, follow
from proctoring.proofs.model import EDITED, MISSING, UNKNOWN, Disagreement, Fact, Told
from proctoring.proofs.states.takes import told_leaves
from proctoring.recordings.rows import SegmentRow, TakeRow
from proctoring.tolerant import Garbled, as_it_stands
from proctoring.units.model import KEYLESS_VALUES, UnitKind
from proctoring.units.rows import UnitRow
from storage.proofs.manifest import GENESIS, Leaf

TABLE = "segments"
HASHED = "ct_sha256, ct_len, take, seq, start_ms, duration_ms, received_at, or leaf_hash of the one before"


@dataclass(frozen=True, slots=True)
class Stored:
    """A leaf as its row, its take's and the one before have it; `hash` is computed, `leaf_hash` the row's."""

    position: int
    leaf: Leaf
    hash: str
    leaf_hash: str
    late: bool

    @property
    def place(self) -> Place:
        leaf = self.leaf
        return leaf.take, leaf.seq, leaf.start_ms, leaf.start_ms + leaf.duration_ms


@dataclass(slots=True)
class _Span:
    start_ms: int | None
    end_ms: int | None
    is_stream: bool
    last_seq: int = -1


def stored_leaves(db: Db, unit_id: str) -> tuple[list[Stored], list[Disagreement]]:
    """The leaves of a unit up to the first that cannot be read, and in what that one is at fault."""
    takes = {number: (take, media, late) for number, take, media, late in db.execute(_takes(unit_id))}
    mine = select(*map(as_it_stands, SegmentRow.__table__.c)).where(SegmentRow.unit_id == unit_id)
    found: list[Stored] = []
    for row in db.execute(mine.order_by(SegmentRow.position)):
        name = f"{unit_id}+{row.position}"
        garbled = next((str(name) for name, one in row._mapping.items() if isinstance(one, Garbled)), None)
        if garbled is not None:
            return found, [_fault(EDITED, name, garbled, "it holds nothing that this column can hold")]
        if row.take not in takes:
            return found, [_fault(UNKNOWN, name, "take", "there is no such take of this unit")]
        found.append(_stored(row, *takes[row.take], found[-1].leaf_hash if found else GENESIS))
    return found, []


def _takes(unit_id: str) -> Select[Any]:
    columns = (TakeRow.__table__.c[name] for name in ("number", "id", "media_type", "late"))
    return select(*map(as_it_stands, columns)).where(TakeRow.unit_id == unit_id)


def _stored(row: Row[Any], take: str, media_type: str, late: bool, prev: str) -> Stored:
    leaf = Leaf(
        row.unit_id,
        take,
        row.seq,
        f"u/{row.unit_id}/{take}/{row.seq:08d}.pev",
        row.ct_sha256,
        row.ct_len,
        media_type,
        row.start_ms,
        row.duration_ms,
        iso(row.received_at),
        prev,
    )
    return Stored(row.position, leaf, leaf.hash(), row.leaf_hash, late)


def heads_told(entries: Iterable[Entry]) -> dict[str, dict[int, Fact]]:
    """By unit, the hashes of its leaves at some positions, as takes ended."""
    found: dict[str, dict[int, Fact]] = {}
    for entry in entries:
        leaf = told_leaves(entry)
        if leaf is not None:
            found.setdefault(str(entry.unit_id), {})[leaf[0]] = leaf[1]
    return found


def check_leaves(
    told: Told, unit_id: str, leaves: Sequence[Stored], heads: Mapping[int, Fact]
) -> Iterator[Disagreement]:
    """Faults of the unit's leaves; `told` is then told what follows from them: its head, and where its takes
    lie."""
    for position, one in enumerate(leaves):
        row = f"{unit_id}+{one.position}"
        if one.position != position:
            yield _fault(MISSING, f"{unit_id}+{position}", "position", "its manifest has a hole here")
            break
        if one.hash != one.leaf_hash:
            yield _fault(EDITED, row, "leaf_hash", f"its leaf is not the one that was hashed: {HASHED}")
        yield from _of_take(told, unit_id, row, one)
    for position, fact in heads.items():
        if position >= len(leaves):
            yield _fault(MISSING, f"{unit_id}+{position}", "position", "a take ended with it", fact.number)
        elif leaves[position].leaf_hash != fact.value:
            hashed = f"the ledger tells {fact.value}"
            yield _fault(EDITED, f"{unit_id}+{position}", "leaf_hash", hashed, fact.number)
    tell_leaves(told, unit_id, head_of(leaves), [one.place for one in leaves])


def head_of(leaves: Sequence[Stored]) -> tuple[int, str]:
    """Size and head of a manifest of these leaves, as their rows have them."""
    return len(leaves), leaves[-1].leaf_hash if leaves else GENESIS


def _of_take(told: Told, unit_id: str, row: str, one: Stored) -> Iterator[Disagreement]:
    take = told.rows.get(("takes", one.leaf.take))
    if take is None or told.value("takes", one.leaf.take, "unit_id") != unit_id:
        yield _fault(UNKNOWN, row, "take", "the ledger tells of no such take of this unit")


def tell_leaves(told: Told, unit_id: str, head: tuple[int, str], places: Iterable[Place]) -> None:
    """What follows from a unit's leaves, in their order: its head, and where its takes lie."""
    unit = told.rows.get(("evidence_units", unit_id), {})
    unit.setdefault("manifest_size", Fact(head[0], told.number))
    unit.setdefault("manifest_head", Fact(head[1], told.number))
    spans: dict[str, _Span] = {}
    for take in told.of("takes", unit_id=unit_id):
        begun = told.value("takes", take, "start_ms")
        at = begun if isinstance(begun, int) else None
        spans[take] = _Span(at, at, UnitKind(str(told.value("takes", take, "stream"))).is_stream)
    for take, seq, start_ms, end_ms in places:  # as `proctoring.recordings.service` lets a take grow
        span = spans.get(take)
        if span is None:
            continue
        span.last_seq = max(span.last_seq, seq)
        if seq == 0 or (span.start_ms == span.end_ms and span.is_stream):
            span.start_ms, span.end_ms = start_ms, end_ms
        elif span.end_ms is not None and end_ms > span.end_ms:
            span.end_ms = end_ms
    for take, span in spans.items():
        facts = told.rows[("takes", take)]
        number = facts["unit_id"].number
        facts["last_seq"] = Fact(span.last_seq, number)
        for column, end in (("start_ms", span.start_ms), ("end_ms", span.end_ms)):
            facts.pop(column, None)
            if end is not None:
                facts[column] = Fact(end, number)


def _fault(code: str, row: str, column: str, told: str, number: int | None = None) -> Disagreement:
    return Disagreement(code, TABLE, row, column, told, number)


@dataclass(frozen=True, slots=True)
class Unit:
    """What a unit's row says of its leaves; Garbled where it says nothing."""

    id: str
    session_id: str
    manifest_size: int | Garbled
    manifest_head: str


def next_units(db: Db, after: str, units_max: int, leaves_max: int) -> tuple[list[Unit], bool]:
    """The next units after this one whose leaves must be there; whether they are the last. They have at most
    so many leaves together, but one unit is given at least."""
    table = UnitRow.__table__
    columns = [as_it_stands(table.c[name]) for name in Unit.__slots__]
    living = table.c.state.not_in(KEYLESS_VALUES)
    query = select(*columns).where(table.c.id > after, living).order_by(table.c.id).limit(units_max)
    found: list[Unit] = []
    leaves = 0
    for values in db.execute(query):
        unit = Unit(*values)
        leaves += unit.manifest_size if isinstance(unit.manifest_size, int) else leaves_max
        if found and leaves > leaves_max:
            return found, False
        found.append(unit)
    return found, len(found) < units_max


def broken_units(db: Db, units: Collection[Unit]) -> set[str]:
    """Of these units those in which a leaf does not follow from the one before, or whose row names another
    head."""
    wanted = {unit.id: (unit.manifest_size, unit.manifest_head) for unit in units}
    heads = {unit_id: one and one.head for unit_id, one in follow(db, wanted)}
    return {unit_id for unit_id, head in wanted.items() if heads.get(unit_id, (0, GENESIS)) != head}
