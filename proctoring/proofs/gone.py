"""Units whose erasure the ledger tells: the rows of what was recorded are removed, and some may be left yet.
Pure.
"""

from proctoring.proofs.model import Fact, Told
from proctoring.proofs.read import Rows
from proctoring.proofs.states import evidence, takes
from proctoring.proofs.states.deciding import told_units
from storage.proofs.manifest import digest

_NO_KEY = digest(b"")


def expect_gone(told: Told, rows: Rows) -> frozenset[str]:
    """These units. Of takes and gaps only the rows that are there are compared. Of such a take, what followed
    from its leaves is not. A public key is as told, or gone."""
    units = told_units(told).erasing
    for unit in units:
        facts, row = told.rows[(evidence.TABLE, unit)], rows.get((evidence.TABLE, unit))
        if row is not None and row.values["public_key"] == _NO_KEY and "public_key" in facts:
            facts["public_key"] = Fact(_NO_KEY, facts["public_key"].number)
    for table in (takes.TABLE, takes.GAPS):
        for key in told.of(table):
            if told.value(table, key, "unit_id") not in units:
                continue
            if (table, key) not in rows:
                del told.rows[(table, key)]
            elif table == takes.TABLE:
                for column in ("start_ms", "end_ms", "last_seq"):
                    told.rows[(table, key)].pop(column, None)
    return units
