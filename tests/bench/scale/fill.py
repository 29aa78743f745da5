"""Many sessions: those of a small world again and again under new ids, a few with an hour of segments."""

import base64
import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, insert, select, text
from sqlalchemy.orm import Session as Db

from proctoring.casework import summaries
from proctoring.clock import iso
from proctoring.custody.model import entry_hash
from proctoring.custody.rows import EntryRow, LedgerHeadRow
from proctoring.db import Row
from proctoring.proofs.read import OF_SESSION, THROUGH
from proctoring.recordings.rows import SegmentRow
from proctoring.summaries.rows import SummaryRow
from proctoring.units.rows import UnitRow
from tests.support.world import SEGMENT_MS

SESSIONS_AT_ONCE = 200
SEGMENTS_A_STREAM = 900  # an hour's
UNITS_MAX = 6  # of a session
WITH_MEDIA = 50  # one session in so many has an hour of segments
_IDS = re.compile(r"(?<![a-z2-7])[a-z2-7]{16}(?![a-z2-7])")
_TABLES = Row.metadata.tables
Rows = dict[str, list[dict[str, Any]]]


def fill(connection: Connection, templates: list[str], sessions: int, done: int = 0) -> None:
    """Copies the sessions `templates` in turn until there are so many copies; `done` were made before.

    The ledger's chain goes on through the copies. Commitments and manifests are those of the originals: no
    page reads them.
    """
    originals = [Original(_of_session(connection, one)) for one in templates]
    head = connection.execute(select(_TABLES["custody_head"])).mappings().one()
    number, prev = head["number"], head["hash"]
    for first in range(done, sessions, SESSIONS_AT_ONCE):
        made: Rows = {}
        for copy in range(first, min(first + SESSIONS_AT_ONCE, sessions)):
            for table, rows in originals[copy % len(originals)].copied(copy).items():
                if table == EntryRow.__tablename__:
                    for entry in rows:
                        number += 1
                        entry |= {"number": number, "prev": prev}
                        entry["hash"] = prev = entry_hash(_body(entry))
                made.setdefault(table, []).extend(rows)
            if copy % WITH_MEDIA == 0:
                for unit in made[UnitRow.__tablename__][-UNITS_MAX:]:
                    made[SegmentRow.__tablename__] += _hours(made[SegmentRow.__tablename__], unit["id"])
        for name in _order(made):
            connection.execute(insert(_TABLES[name]), made[name])
    count_anew(connection)
    at = {"number": number, "hash": prev}
    connection.execute(_TABLES[LedgerHeadRow.__tablename__].update().values(at))
    connection.commit()
    connection.execute(text("analyze"))
    connection.commit()


def count_anew(connection: Connection) -> None:
    """Counts of the exams, after the summaries."""
    with Db(connection) as db:
        summaries.count_anew(db, summaries.miscounted(db))
        db.flush()


def _of_session(connection: Connection, session_id: str) -> Rows:
    def read(table: Table, *where: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in connection.execute(select(table).where(*where)).mappings()]

    rows: Rows = {}
    for name in (*OF_SESSION, EntryRow.__tablename__, SummaryRow.__tablename__):
        table = _TABLES[name]
        rows[name] = read(table, table.c["id" if name == "sessions" else "session_id"] == session_id)
    through = THROUGH | {SegmentRow.__tablename__: (UnitRow.__tablename__, "unit_id")}
    for name, (parent, link) in through.items():
        ids = [row["id"] for row in rows[parent]]
        rows[name] = read(_TABLES[name], _TABLES[name].c[link].in_(ids))
    return rows


def _order(rows: Rows) -> list[str]:
    """What others name first."""
    return [table.name for table in Row.metadata.sorted_tables if rows.get(table.name)]


class Original:
    """A session that is copied. Which of its values have ids in them is found once."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._ids = [row["id"] for some in rows.values() for row in some if isinstance(row.get("id"), str)]
        known = set(self._ids)
        self._named: dict[int, tuple[list[str], list[str]]] = {}
        for row in (row for some in rows.values() for row in some):
            texts = {name: _text(value) for name, value in row.items()}
            whole = [name for name, text in texts.items() if text in known]
            parts = [n for n, text in texts.items() if n not in whole and known & {*_IDS.findall(text)}]
            self._named[id(row)] = whole, parts

    def copied(self, copy: int) -> Rows:
        """Its rows under new ids."""
        names = {old: _new_id(copy * 1000 + place) for place, old in enumerate(self._ids)}

        def rename(found: re.Match[str]) -> str:
            return names.get(found[0], found[0])

        def one(row: dict[str, Any]) -> dict[str, Any]:
            whole, parts = self._named[id(row)]
            changed = {name: names[row[name]] for name in whole}
            for name in parts:
                text = _IDS.sub(rename, _text(row[name]))
                changed[name] = text if isinstance(row[name], str) else json.loads(text)
            return row | changed

        return {table: [one(row) for row in rows] for table, rows in self._rows.items()}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value) if isinstance(value, dict | list) else ""


def _new_id(number: int) -> str:
    return "q" + base64.b32encode(number.to_bytes(10, "big")).decode().lower()[1:]


def _hours(segments: list[dict[str, Any]], unit_id: str) -> Iterator[dict[str, Any]]:
    """More of a unit's segments, after its last one."""
    mine = [row for row in segments if row["unit_id"] == unit_id and row["duration_ms"]]
    if not mine or len(mine) >= SEGMENTS_A_STREAM:
        return
    last = max(mine, key=lambda row: row["position"])
    for more in range(1, SEGMENTS_A_STREAM):
        yield last | {
            "position": last["position"] + more,
            "seq": last["seq"] + more,
            "start_ms": last["start_ms"] + more * SEGMENT_MS,
        }


def _body(entry: dict[str, Any]) -> dict[str, Any]:
    at = entry["at"]
    assert isinstance(at, datetime)
    told = {name: entry[name] for name in ("number", "actor", "role", "action", "detail", "prev")}
    return told | {"v": 1, "at": iso(at), "session": entry["session_id"], "unit": entry["unit_id"]}
