"""Manifests of evidence units, compared with their rows' heads and with every signed head of their trees.

The leaves of an erased unit are gone: its row is compared with its certificate, and the signed heads with its
row's size.
"""

import json
from collections.abc import Iterator

from sqlalchemy import exists, select
from sqlalchemy.orm import Session as Db

from proctoring.custody.model import Action
from proctoring.custody.rows import CertificateRow, EntryRow
from proctoring.proofs.followed import Followed, follow
from proctoring.proofs.signed_heads import Fault, Heads, compare_tree
from proctoring.recordings.rows import leaves, stored
from proctoring.tolerant import UNREADABLE, as_it_stands
from proctoring.units.rows import UnitRow
from storage.proofs.checkpoint import unit_origin

UNITS_AT_ONCE = 500
_UNIT = UnitRow.__table__.c
_HEAD = as_it_stands(_UNIT.manifest_size), as_it_stands(_UNIT.manifest_head)
_GONE = (
    exists()
    .where(EntryRow.session_id == _UNIT.session_id, EntryRow.unit_id == _UNIT.id)
    .where(EntryRow.action == Action.EVIDENCE_ERASE.value)
)
"""That the ledger tells of its erasure: whatever its row says."""


class Manifests:
    """Looks at unit after unit, as whoever reads their leaves comes to them; `rest` looks at the others."""

    def __init__(self, db: Db, heads: Heads) -> None:
        self.faults: list[Fault] = []
        self.heads = heads
        self._db = db
        self._seen: set[str] = set()

    def see(self, unit_id: str, followed: Followed | None) -> None:
        """A unit whose leaves were followed; None where something is wrong with them."""
        if unit_id in self._seen:
            return
        self._seen.add(unit_id)
        row = self._db.execute(select(*_HEAD).where(_UNIT.id == unit_id)).first()
        try:
            if self._db.scalar(select(_UNIT.id).where(_UNIT.id == unit_id, _GONE)) is not None:
                self.faults += self._erased(unit_id, tuple(row or ()))
                return
            if followed is None:
                hashes, broken = _read_again(self._db, unit_id)
            else:
                hashes, broken = followed.hashes, None
            self.faults += compare_tree(unit_origin(unit_id), hashes, self.heads.of(unit_origin(unit_id)))
        except UNREADABLE as error:
            self.faults.append(Fault("rows.unreadable", f"unit {unit_id} cannot be read to its end: {error}"))
            return
        if broken is None and row is not None and tuple(row) != Followed(hashes).head:
            broken = len(hashes)
        if broken is not None:
            detail = f"unit {unit_id}: the chain breaks at segment {broken}"
            self.faults.append(Fault("manifest.chain", detail))

    def _erased(self, unit_id: str, head: tuple[object, ...]) -> Iterator[Fault]:
        body = self._db.scalar(select(CertificateRow.body).where(CertificateRow.unit_id == unit_id))
        certified = json.loads(body).get("manifest") if body is not None else None
        if certified is not None and (certified["leaves"], certified["head"]) != head:
            yield Fault("manifest.chain", f"unit {unit_id} is not of the length or head that was certified")
        for where, checkpoint in self.heads.of(unit_origin(unit_id)):
            if head and isinstance(head[0], int) and checkpoint.size > head[0]:
                detail = (
                    f"{unit_origin(unit_id)} had {head[0]} leaves; a {where} checkpoint saw {checkpoint.size}"
                )
                yield Fault("tree.rolled_back", detail)

    def rest(self) -> list[Fault]:
        """The faults of all units, once those are seen too that nobody has come to."""
        after: str | None = ""
        while after is not None:
            query = select(UnitRow.id).where(UnitRow.id > after).order_by(UnitRow.id).limit(UNITS_AT_ONCE)
            some = list(self._db.scalars(query))
            missed = [one for one in some if one not in self._seen]
            followed = dict(follow(self._db, missed)) if missed else {}
            for unit_id in missed:
                self.see(unit_id, followed.get(unit_id, Followed()))
            after = some[-1] if some else None
        for origin in self.heads.others():
            self.faults += compare_tree(origin, (), self.heads.of(origin))
        return self.faults


def _read_again(db: Db, unit_id: str) -> tuple[list[str], int | None]:
    """Hashes of the leaves, computed from the rows and not as the rows claim; and the position of the first
    that does not follow."""
    rows = stored(db, unit_id)
    hashes = [leaf.hash() for leaf in leaves(rows)]
    named = [(row.position, row.leaf_hash) for row in rows]
    return hashes, next((at for at, one in enumerate(named) if one != (at, hashes[at])), None)
