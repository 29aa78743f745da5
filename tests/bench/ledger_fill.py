"""A long ledger: one session in which everything happened, again and again under new ids, every proof made
right."""

import base64
import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from proctoring.clock import from_unix_ms, iso
from proctoring.custody.model import entry_hash
from proctoring.proofs.read import OF_SESSION, THROUGH
from storage.objects.naming import segment_key
from storage.proofs.commitment import Opening
from storage.proofs.manifest import GENESIS, Leaf
from tests.support.decided import decide_everything
from tests.support.world import World

CLONES_AT_ONCE = 500
INSTANTS = ("starts_at", "review_at")
"""Committed columns that are instants."""
_TOKENS = re.compile(r"c1:[0-9a-f]{64}|[0-9a-f]{64}|(?<![a-z2-7])[a-z2-7]{16}(?![a-z2-7])")
Rows = dict[str, list[dict[str, Any]]]


def fill(folder: Path, entries: int) -> int:
    """Makes the database of a world in this folder so long; how many entries it has then."""
    world = World(folder)
    session = decide_everything(world).agreed.id
    world.core.db.close()
    file = sqlite3.connect(folder / "world.db")
    file.row_factory = sqlite3.Row
    rows = _template(file, session)
    number, prev = file.execute("SELECT number, hash FROM custody_head").fetchone()
    told = rows.pop("custody_entries")
    clones = max(0, entries - number) // len(told)
    for first in range(0, clones, CLONES_AT_ONCE):
        made: Rows = {table: [] for table in (*rows, "custody_entries")}
        for clone in range(first, min(first + CLONES_AT_ONCE, clones)):
            rename = _renaming(rows, clone)
            for table, some in rows.items():
                made[table] += [_renamed(row, rename) for row in some]
            for row in told:
                number += 1
                entered = _renamed(row, rename) | {"number": number, "prev": prev}
                entered["hash"] = prev = entry_hash(_body(entered))
                made["custody_entries"].append(entered)
        for table, some in made.items():
            _insert(file, table, some)
        file.execute("UPDATE custody_head SET number = ?, hash = ?", (number, prev))
        file.commit()
    file.close()
    return int(number)


def _template(file: sqlite3.Connection, session: str) -> Rows:
    rows: Rows = {}
    for table in OF_SESSION:
        owner = "id" if table == "sessions" else "session_id"
        rows[table] = _select(file, f"SELECT * FROM {table} WHERE {owner} = ?", session)
    for table, (through, link) in THROUGH.items():
        mine = f"SELECT id FROM {through} WHERE session_id = ?"
        rows[table] = _select(file, f"SELECT * FROM {table} WHERE {link} IN ({mine})", session)
    units = "SELECT id FROM evidence_units WHERE session_id = ?"
    leaves = f"SELECT * FROM segments WHERE unit_id IN ({units}) ORDER BY unit_id, position"
    rows["segments"] = _select(file, leaves, session)
    told = "SELECT * FROM custody_entries WHERE session_id = ? ORDER BY number"
    rows["custody_entries"] = _select(file, told, session)
    order = ("sessions", "evidence_units", "takes", "segments", "gaps", "flags", "holds", "hold_units")
    rest = [table for table in rows if table not in order]
    return {table: rows[table] for table in (*order, *rest)}


def _select(file: sqlite3.Connection, sql: str, session: str) -> list[dict[str, Any]]:
    return [dict(row) for row in file.execute(sql, (session,))]


def _insert(file: sqlite3.Connection, table: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        names = ", ".join(f'"{name}"' for name in rows[0])
        places = ", ".join("?" * len(rows[0]))
        file.executemany(
            f"INSERT INTO {table} ({names}) VALUES ({places})", [tuple(row.values()) for row in rows]
        )


def _renaming(rows: Rows, clone: int) -> Callable[[str], str]:
    """New ids for those of the template, and what follows from them: hashes of leaves, commitments."""
    names: dict[str, str] = {}
    ids = [row["id"] for some in rows.values() for row in some if "id" in row]
    for at, old in enumerate(ids):
        names[old] = _new_id(clone * len(ids) + at)

    def rename(text: str) -> str:
        return _TOKENS.sub(lambda found: names.get(found[0], found[0]), text)

    names |= dict(_leaf_hashes(rows, rename))
    for table, some in rows.items():
        for row in some:
            for opening in _openings(table, row):
                moved = Opening(table, names.get(opening.row, opening.row), *_rest(opening))
                names[opening.commitment()] = moved.commitment()
    return rename


def _rest(opening: Opening) -> tuple[str, str, Any]:
    return opening.column, opening.salt, opening.value


def _new_id(number: int) -> str:
    return "q" + base64.b32encode(number.to_bytes(10, "big")).decode().lower()[1:]


def _leaf_hashes(rows: Rows, rename: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    takes = {(take["unit_id"], take["number"]): take for take in rows["takes"]}
    prev = GENESIS
    for row in rows["segments"]:
        if row["position"] == 0:
            prev = GENESIS
        take = takes[(row["unit_id"], row["take"])]
        unit_id, take_id = rename(row["unit_id"]), rename(take["id"])
        leaf = Leaf(
            unit_id,
            take_id,
            row["seq"],
            segment_key(unit_id, take_id, row["seq"]),
            row["ct_sha256"].hex(),
            row["ct_len"],
            take["media_type"],
            row["start_ms"],
            row["duration_ms"],
            iso(from_unix_ms(row["received_at"])),
            prev,
        )
        prev = leaf.hash()
        yield row["leaf_hash"].hex(), prev


def _openings(table: str, row: dict[str, Any]) -> Iterator[Opening]:
    key = row.get("id") or row.get("session_id")
    salts = json.loads(row.get("salts") or "null") or {}
    for column, salt in salts.items():
        value = row[column]
        yield Opening(table, str(key), column, salt, _iso(value) if column in INSTANTS and value else value)


def _renamed(row: dict[str, Any], rename: Callable[[str], str]) -> dict[str, Any]:
    known = {name: rename(one) if isinstance(one, str) else one for name, one in row.items()}
    if "leaf_hash" in row:
        known["leaf_hash"] = bytes.fromhex(rename(row["leaf_hash"].hex()))
    return known


def _body(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "v": 1,
        "number": row["number"],
        "at": _iso(row["at"]),
        "actor": row["actor"],
        "role": row["role"],
        "action": row["action"],
        "session": row["session_id"],
        "unit": row["unit_id"],
        "detail": json.loads(row["detail"]),
        "prev": row["prev"],
    }


def _iso(stored: str) -> str:
    """An instant as SQLite has it, in the ledger's form."""
    return f"{stored[:10]}T{stored[11:23]}Z"
