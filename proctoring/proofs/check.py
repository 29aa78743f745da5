"""Sessions replayed: their entries read, their rows compared, in the caller's transaction, which sees one
instant."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy.orm import Session as Db

from proctoring.clock import iso
from proctoring.custody.model import Action, Entry
from proctoring.proofs.compare import Compared, compare
from proctoring.proofs.followed import Followed, Place, See, agrees, follow, unseen
from proctoring.proofs.gone import expect_gone
from proctoring.proofs.holes import check_holes
from proctoring.proofs.leaves import check_leaves, heads_told, stored_leaves, tell_leaves
from proctoring.proofs.model import EDITED, Disagreement, Fact, Told
from proctoring.proofs.read import (
    Rows,
    entries_of,
    house_entries,
    house_rows,
    newest_house_entry,
    read_exact_from,
    rows_under,
    session_rows,
)
from proctoring.proofs.reader import LedgerReader
from proctoring.proofs.replay import replay, replay_house
from proctoring.proofs.states.due import ZONE_CHANGE_MAX, told_due
from proctoring.tolerant import UNREADABLE
from storage.canonical import canonical


@dataclass(frozen=True, slots=True)
class House:
    """Exams, accounts, brakes and quarantines: what the ledger tells of them, and their rows.

    `exams`: the entries about each exam, which the due dates of its sessions depend on.
    """

    exact_from: int
    told: Told
    rows: Rows
    exams: dict[str, list[Entry]]
    newest: int
    unreadable: tuple[Disagreement, ...] = ()

    def check(self, db: Db) -> Compared:
        """Compares the rows of no session."""
        missing = self.told.rows.keys() - self.rows.keys()
        found = compare(self.told, self.rows, rows_under(db, missing))
        found.faults += self.unreadable
        return found


@dataclass(frozen=True, slots=True)
class Checked:
    """A session whose rows were compared; see `proctoring.proofs.rows.ReplayedRow`."""

    session_id: str
    compared: Compared
    through: int
    digest: str


def read_house(db: Db, known: House | None = None) -> House:
    """Reads everything that belongs to no session, which is little; `known` is reused while no entry is
    newer."""
    newest = newest_house_entry(db)
    if known is not None and known.newest == newest:
        return known
    exact_from, faults = read_exact_from(db)
    entries, unreadable = house_entries(db)
    exams: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        exams[str(entry.detail.get("exam"))].append(entry)
    told = replay_house(entries, exact_from)
    return House(exact_from, told, house_rows(db), exams, newest, (*faults, *unreadable, *told.faults))


def check_sessions(
    db: Db,
    house: House,
    session_ids: Collection[str],
    reader: LedgerReader | None = None,
    see: See = unseen,
) -> Iterator[Checked]:
    """Replays each of these sessions from its first entry, and compares all of its rows. If a reader is
    given, also compares its entries with what that reader has read of them. `see` gets its units."""
    (entries, unreadable), rows = entries_of(db, session_ids), session_rows(db, session_ids)
    for session_id in session_ids:
        mine, there = entries.get(session_id, []), rows.get(session_id, {})
        compared = _check(db, house, mine, there, see)
        compared.faults += unreadable.get(session_id, [])
        read = [one for one in mine if reader is not None and one.number <= reader.size]
        if reader is not None and not reader.agrees(session_id, read):
            compared.faults.append(_other_entries(session_id))
        last = mine[-1].number if mine else 0
        yield Checked(session_id, compared, through(house, last, there, session_id), digest(there))


def through(house: House, last: int, rows: Rows, session_id: str) -> int:
    """The newest entry that a session's rows depend on; `last` is the newest about itself."""
    session = rows.get(("sessions", session_id))
    about = house.exams.get(str(session.values["exam_id"]), []) if session else []
    return max(last, about[-1].number if about else 0)


def digest(rows: Rows) -> str:
    """SHA-256 (hex) over all compared columns of these rows, and their salts."""
    facts = [[*key, rows[key].values, rows[key].salts] for key in sorted(rows)]
    return hashlib.sha256(canonical(facts)).hexdigest()


def tell(
    db: Db, house: House, entries: list[Entry], rows: Rows, see: See = unseen
) -> tuple[Told, list[Disagreement]]:
    """All that the entries of a session and the leaves of its units tell, and in what those leaves are at
    fault."""
    told = replay(entries, house.exact_from)
    faults: list[Disagreement] = []
    gone = expect_gone(told, rows)
    units = {key for table, key in [*told.rows, *rows] if table == "evidence_units"} - gone
    followed = dict(follow(db, units))
    for unit_id in sorted(units):
        see(unit_id, followed.setdefault(unit_id, Followed()))
    places: dict[str, list[Place]] = {}
    try:
        heads = heads_told(entries)
        for unit_id in sorted(units):
            mine, one = heads.get(unit_id, {}), followed[unit_id]
            if one is not None and agrees(told, unit_id, one, mine):
                tell_leaves(told, unit_id, one.head, one.places)
                places[unit_id] = one.places
                continue
            leaves, unreadable = stored_leaves(db, unit_id)
            faults += [*unreadable, *check_leaves(told, unit_id, leaves, mine)]
            places[unit_id] = [leaf.place for leaf in leaves]
        faults += check_holes(told, places, gone)
        _tell_due_dates(told, house, entries)
    except UNREADABLE as error:
        if not entries:
            raise
        told.not_told(entries[-1], error)
    return told, [*faults, *told.faults]


def _other_entries(session_id: str) -> Disagreement:
    told = "its entries are not all those that were read, as they were read"
    return Disagreement(EDITED, "custody_entries", session_id, "session_id", told, None)


def _check(db: Db, house: House, entries: list[Entry], rows: Rows, see: See) -> Compared:
    told, faults = tell(db, house, entries, rows, see)
    missing = told.rows.keys() - rows.keys()
    compared = compare(told, rows, rows_under(db, missing) if missing else {})
    compared.faults += faults
    return compared


def _tell_due_dates(told: Told, house: House, entries: list[Entry]) -> None:
    """Adds the due date of each unit. It moves with the exam's results, but not once the unit's erasure was
    decided."""
    if not entries:
        return
    exam = house.exams.get(str(told.value("sessions", str(entries[0].session_id), "exam_id")), [])
    erased = {one.unit_id: one for one in entries if one.action is Action.EVIDENCE_ERASE}
    now = told_due(exam, entries)
    for unit_id in told.of("evidence_units"):
        decided = erased.get(unit_id)
        if decided is None:
            due = now
        elif "due_at" in decided.detail:
            told.tell(decided, "evidence_units", unit_id, due_at=decided.detail["due_at"])
            continue
        else:
            due = told_due(_before(decided, exam), _before(decided, entries))
        at = due.of(str(told.value("evidence_units", unit_id, "kind")))
        if at is not None:
            fact = Fact(iso(at), (decided or entries[-1]).number, ZONE_CHANGE_MAX)
            told.tell(entries[-1], "evidence_units", unit_id, due_at=fact)


def _before(decided: Entry, entries: list[Entry]) -> list[Entry]:
    return [one for one in entries if one.number < decided.number]
