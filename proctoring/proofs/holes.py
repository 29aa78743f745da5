"""Stretches of a stream that neither a leaf nor a gap tells of: a gap that somebody took away before it was
told. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from proctoring.proofs.leaves import Stored
from proctoring.proofs.model import MISSING, Disagreement, Told
from proctoring.recordings.model import BEGIN_SLACK_MS, GapPart, UnitKind

HOLE_MS_MIN = 1_000
"""Of a shorter stretch nothing is said: gaps themselves are told from 200 ms on."""
Stretch = tuple[int, int]


def check_holes(told: Told, leaves: Mapping[str, Sequence[Stored]]) -> Iterator[Disagreement]:
    """Faults of streams that are retained: what is stored of each and its gaps make up all of the time
    line."""
    stored = {
        unit_id: [_stretch(one) for one in leaves.get(unit_id, ())]
        for unit_id in told.of("evidence_units")
        if UnitKind(str(told.value("evidence_units", unit_id, "kind"))).is_stream
    }
    length_ms = max((end for some in stored.values() for _, end in some), default=0)
    for unit_id, some in stored.items():
        if ("gaps", unit_id) not in told.complete:
            continue
        for start, end in holes([*some, *_gaps(told, unit_id)], length_ms):
            row = f"{unit_id}@{start}"
            what = f"no leaf and no gap tells of {start} to {end} ms"
            yield Disagreement(MISSING, "gaps", row, "start_ms", what, None)


def holes(told: Iterable[Stretch], length_ms: int) -> Iterator[Stretch]:
    """What these stretches leave open of a time line, as far as it is worth a word. Streams that began within
    BEGIN_SLACK_MS began together."""
    at = 0
    for start, end in [*sorted(told), (length_ms, length_ms)]:
        if start - at >= (HOLE_MS_MIN if at else BEGIN_SLACK_MS):
            yield at, start
        at = max(at, end)


def _stretch(one: Stored) -> Stretch:
    return one.leaf.start_ms, one.leaf.start_ms + one.leaf.duration_ms


def _gaps(told: Told, unit_id: str) -> Iterator[Stretch]:
    for gap in told.of("gaps", unit_id=unit_id, part=GapPart.ALL.value):
        start, end = (told.value("gaps", gap, column) for column in ("start_ms", "end_ms"))
        yield int(start or 0), int(end or 0)
