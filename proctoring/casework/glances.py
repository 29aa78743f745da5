"""Sessions at a glance, as the queue draws them: length, flags and gaps, read in sets for one page."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from proctoring.flags.model import Flag
from proctoring.flags.rows import FlagRow
from proctoring.recordings.length import lengths_ms
from proctoring.recordings.model import GapPart
from proctoring.recordings.rows import GapRow
from proctoring.units.rows import UnitRow


@dataclass(frozen=True, slots=True)
class Glance:
    """`gaps` are (start_ms, end_ms) of any stream; flags and gaps in the order of the time line."""

    length_ms: int
    flags: tuple[Flag, ...]
    gaps: tuple[tuple[int, int], ...]


def glances(db: Db, session_ids: Collection[str], now: datetime) -> dict[str, Glance]:
    """Of each of these sessions, by its id. One that records is as long as it is `now`."""
    lengths = lengths_ms(db, session_ids, now)
    flags: dict[str, list[Flag]] = defaultdict(list)
    for flag in db.scalars(
        select(FlagRow).where(FlagRow.session_id.in_(session_ids)).order_by(FlagRow.start_ms, FlagRow.id)
    ):
        flags[flag.session_id].append(flag.model())
    gaps: dict[str, list[tuple[int, int]]] = defaultdict(list)
    missing = (
        select(UnitRow.session_id, GapRow.start_ms, GapRow.end_ms)
        .join(GapRow, GapRow.unit_id == UnitRow.id)
        .where(UnitRow.session_id.in_(session_ids), GapRow.part == GapPart.ALL.value)
        .order_by(GapRow.start_ms)
    )
    for session_id, start_ms, end_ms in db.execute(missing):
        lasting = lengths.get(session_id, start_ms)
        gaps[session_id].append((start_ms, lasting if end_ms is None else end_ms))
    return {one: Glance(lengths.get(one, 0), tuple(flags[one]), tuple(gaps[one])) for one in session_ids}
