"""Words of a session that an evidence package opens: each as its row has it now, with the salt that proves
it.

A hold's words are not among them: they may speak of another procedure, and decide nothing that was recorded.
"""

from sqlalchemy.orm import Session as Db

from proctoring.custody.committed import openings
from proctoring.errors import Conflict
from proctoring.proofs.check import check_sessions, read_house
from proctoring.proofs.read import session_rows
from storage.proofs.commitment import Opening

KEPT_BACK = frozenset({"holds"})


def words_of(db: Db, session_id: str) -> tuple[Opening, ...]:
    """What opens the commitments to the session's words, as far as they have not been erased.

    Raises Conflict when a row is not as the ledger tells, naming row and column: no package says so.
    """
    for checked in check_sessions(db, read_house(db), [session_id]):
        if checked.compared.faults:
            raise Conflict(
                f"The database is not as the ledger tells: {checked.compared.faults[0]}.",
                "Run `proctoring ledger verify`; it names every row. Export once it agrees.",
            )
    rows = session_rows(db, [session_id])[session_id]
    return tuple(
        opening
        for (table, key), row in sorted(rows.items())
        if table not in KEPT_BACK
        for opening in openings(table, key, row.salts, row.values)
    )
