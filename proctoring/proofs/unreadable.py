"""Rows of one session that cannot be read: which of their columns hold what no column of ours can hold."""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, Table, select
from sqlalchemy.orm import Session as Db

from proctoring.proofs.check import check_sessions, read_house
from proctoring.proofs.disputes import AT_MOST, Dispute
from proctoring.proofs.tables import METADATA
from proctoring.tolerant import Garbled, as_it_stands

ROW_UNREADABLE = "row.unreadable"


def unreadable(db: Db, session_id: str) -> list[Dispute]:
    """Every such column of the session's rows, and what the ledger tells otherwise; at most AT_MOST."""
    garbled = [
        Dispute(ROW_UNREADABLE, f"{where} holds nothing that it can hold")
        for where in _garbled(db, session_id)
    ]
    if not garbled:
        (checked,) = check_sessions(db, read_house(db), [session_id])
        garbled = [Dispute(ROW_UNREADABLE, str(fault)) for fault in checked.compared.faults]
    return garbled[:AT_MOST]


def _garbled(db: Db, session_id: str) -> Iterator[str]:
    units = METADATA.tables["evidence_units"].c
    mine = select(units.id).where(units.session_id == session_id)
    for table in METADATA.tables.values():
        if table.name in ("sessions", "exams"):
            session = METADATA.tables["sessions"].c
            of_exam = table.c.id == select(session.exam_id).where(session.id == session_id).scalar_subquery()
            yield from _columns(db, table, table.c.id == session_id if table.name == "sessions" else of_exam)
        elif "session_id" in table.c:
            yield from _columns(db, table, table.c.session_id == session_id)
        elif "unit_id" in table.c:
            yield from _columns(db, table, table.c.unit_id.in_(mine))


def _columns(db: Db, table: Table, which: ColumnElement[bool]) -> Iterator[str]:
    for row in db.execute(select(*map(as_it_stands, table.c)).where(which)):
        key = "+".join(str(row._mapping[column.name]) for column in table.primary_key)
        for name, value in row._mapping.items():
            if isinstance(value, Garbled):
                yield f"{table.name} {key} {name}"
