"""The job *replay*: continues from the last entry that it read and signed, and goes round the rows it has
seen before.

No pass reads more than its figures say, whatever the ledger's length. Old entries are read again only for a
session whose rows have changed. The cost of each part is in `docs/formats/proofs.md`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog
from sqlalchemy.orm import Session as Db

from proctoring.core import Core
from proctoring.proofs import findings, memory
from proctoring.proofs.check import Checked, House, check_sessions, digest, read_house, through
from proctoring.proofs.checkpoints import mark_unsigned
from proctoring.proofs.compare import Compared
from proctoring.proofs.findings import Telling
from proctoring.proofs.leaves import broken_units, next_units
from proctoring.proofs.model import EDITED, Disagreement
from proctoring.proofs.pages import keep_page
from proctoring.proofs.read import read_exact_from, session_ids, session_rows
from proctoring.proofs.reader import LedgerReader
from proctoring.proofs.rows import STATE_ID
from proctoring.quarantine.service import check_none
from storage.proofs.note import NoteSigner

REPLAY_INTERVAL_S = 300.0
ENTRIES_AT_ONCE = 5_000
ENTRIES_A_PASS = 50_000
SESSIONS_AT_ONCE = 100
SESSIONS_A_PASS = 500
LEAVES_A_PASS = 10_000
UNITS_A_PASS = 1_000

log = structlog.get_logger()


@dataclass(slots=True)
class Passed:
    """What one pass read, and how many faults in it are new."""

    entries: int = 0
    replayed: int = 0
    sessions: int = 0
    leaves: int = 0
    findings: int = 0
    telling: Telling = field(default_factory=Telling)


class LedgerReplay:
    """Holds the signing key, for what it remembers, and no other. Several at once do no harm, only the work
    twice."""

    def __init__(self, core: Core, signer: NoteSigner) -> None:
        self._core = core
        self._signer = signer
        self._house: House | None = None
        self._reader = LedgerReader(signer.public)

    def run(self) -> Passed:
        """One pass. Raises Quarantined: a database that is not whole agrees with no ledger."""
        passed = Passed()
        with self._core.db.read() as db:
            check_none(db)
            compared = read_house(db).check(db)
            disputed = findings.disputed_sessions(db)
        self._follow(passed, compared)
        self._check(passed, disputed)
        self._round(passed)
        self._leaves(passed)
        with self._core.db.begin() as db:
            findings.tell_counted(db, self._core, passed.telling)
            memory.passed(db, self._core.clock(), self._reader.size)
        log.info("replay.passed", entries=passed.entries, replayed=passed.replayed, findings=passed.findings)
        return passed

    def _follow(self, passed: Passed, compared: Compared) -> None:
        """Reads the entries that are new, and replays the sessions that they are about."""
        faults = list(compared.faults)
        for _ in range(0, ENTRIES_A_PASS, ENTRIES_AT_ONCE):
            with self._core.db.read() as db:
                followed = self._reader.follow(db, ENTRIES_AT_ONCE)
                exact_from, _ = read_exact_from(db)
                known = memory.remembered(db, self._signer.public, followed.newest)
            if self._reader.broken_through:
                faults.append(_break(self._reader))
                self._reader.forget()  # the next pass looks whether it still is
                break
            newest = followed.newest
            self._check(passed, [one for one in newest if known.get(one, (0, ""))[0] < newest[one]])
            passed.entries += followed.entries
            if self._reader.exact_from not in (None, exact_from):
                told = f"the signed pages say {self._reader.exact_from}"
                faults.append(Disagreement(EDITED, "ledger_replay", str(STATE_ID), "exact_from", told, None))
            if not followed.entries:
                break
            with self._core.db.begin() as db:
                keep_page(db, self._signer, self._reader.page(exact_from))
        with self._core.db.begin() as db:
            mine = [(findings.HOUSE, one) for one in faults]
            passed.findings += findings.record(db, self._core, [findings.HOUSE], mine, passed.telling)

    def _check(self, passed: Passed, ids: Sequence[str]) -> None:
        for first in range(0, len(ids), SESSIONS_AT_ONCE):
            some = ids[first : first + SESSIONS_AT_ONCE]
            with self._core.db.read() as db:
                self._house = read_house(db, self._house)
                checked = list(check_sessions(db, self._house, some, self._reader))
            self._remember(passed, checked)

    def _remember(self, passed: Passed, checked: Sequence[Checked]) -> None:
        looked = [one.session_id for one in checked]
        found = [(one.session_id, fault) for one in checked for fault in one.compared.faults]
        with self._core.db.begin() as db:
            memory.remember(db, self._signer, checked)
            passed.findings += findings.record(db, self._core, looked, found, passed.telling)
        passed.replayed += len(checked)

    def _round(self, passed: Passed) -> None:
        """Compares the rows of the next sessions with what they were when they agreed with the ledger."""
        for _ in range(0, SESSIONS_A_PASS, SESSIONS_AT_ONCE):
            with self._core.db.read() as db:
                ids = session_ids(db, memory.cursors(db).session, SESSIONS_AT_ONCE)
                self._house = read_house(db, self._house)
                changed = _changed(db, self._signer.public, self._house, ids)
            self._check(passed, changed)
            passed.sessions += len(ids)
            is_round = len(ids) < SESSIONS_AT_ONCE
            with self._core.db.begin() as db:
                memory.set_session_cursor(db, "" if is_round else ids[-1])
            if is_round:
                return

    def _leaves(self, passed: Passed) -> None:
        """Follows the leaves of the next units; one whose head nobody has signed is signed by the next
        checkpoint."""
        with self._core.db.read() as db:
            after = memory.cursors(db).unit
            units, is_round = next_units(db, after, UNITS_A_PASS, LEAVES_A_PASS)
            ids = broken_units(db, units)
            broken = {unit.session_id for unit in units if unit.id in ids}
        self._check(passed, sorted(broken))
        passed.leaves = sum(unit.manifest_size for unit in units if isinstance(unit.manifest_size, int))
        with self._core.db.begin() as db:
            mark_unsigned(db, [unit.id for unit in units])
            memory.set_unit_cursor(db, "" if is_round else units[-1].id)


def _break(reader: LedgerReader) -> Disagreement:
    number, unreadable = reader.first_broken, reader.unreadable
    if unreadable is not None and unreadable.number == number:
        return unreadable.fault()
    told = "the ledger's chain does not go on here as it was read and signed"
    return Disagreement(EDITED, "custody_entries", str(number), "hash", told, number)


def _changed(db: Db, public: bytes, house: House, ids: Sequence[str]) -> list[str]:
    known, newest = memory.remembered(db, public, ids), memory.newest_entries(db, ids)
    rows = session_rows(db, ids)
    return [
        one
        for one in ids
        if known.get(one)
        != (through(house, newest.get(one, 0), rows.get(one, {}), one), digest(rows.get(one, {})))
    ]
