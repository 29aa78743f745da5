"""Stretches of a stream that neither a leaf nor a gap covers: a gap that was deleted before the ledger told
it. Pure.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from proctoring.proofs.followed import Place
from proctoring.proofs.model import MISSING, Disagreement, Told
from proctoring.recordings.model import BEGIN_SLACK_MS, GapPart
from proctoring.units.model import STREAM_VALUES

HOLE_MS_MIN = 1_000
"""Of a shorter stretch nothing is said: gaps themselves are told from 200 ms on."""
Stretch = tuple[int, int]


def check_holes(
    told: Told, places: Mapping[str, Sequence[Place]], gone: Collection[str] = ()
) -> Iterator[Disagreement]:
    """Faults of streams that are retained: what is stored of each and its gaps make up all of the time
    line. Units of which an older entry does not tell the kind are left out, and those that are `gone`."""
    stored = {
        unit_id: [place[2:] for place in places.get(unit_id, ())]
        for unit_id in told.of("evidence_units")
        if unit_id not in gone and told.value("evidence_units", unit_id, "kind") in STREAM_VALUES
    }
    every = [stretch for some in stored.values() for stretch in some]
    length_ms = max((end for _, end in every), default=0)
    begun_ms = min((start for start, _ in every), default=0)
    for unit_id, some in stored.items():
        if ("gaps", unit_id) not in told.complete:
            continue
        for start, end in holes([*some, *_gaps(told, unit_id)], begun_ms, length_ms):
            row = f"{unit_id}@{start}"
            what = f"no leaf and no gap tells of {start} to {end} ms"
            yield Disagreement(MISSING, "gaps", row, "start_ms", what, None)


def holes(told: Iterable[Stretch], begun_ms: int, length_ms: int) -> Iterator[Stretch]:
    """What these stretches leave open of a time line, as far as it is worth a word. Streams that began within
    BEGIN_SLACK_MS of the first, whose media began at about `begun_ms`, began together."""
    at = 0
    for start, end in [*sorted(told), (length_ms, length_ms)]:
        if start - at >= HOLE_MS_MIN + (0 if at else begun_ms + BEGIN_SLACK_MS):
            yield at, start
        at = max(at, end)


def _gaps(told: Told, unit_id: str) -> Iterator[Stretch]:
    for gap in told.of("gaps", unit_id=unit_id, part=GapPart.ALL.value):
        start, end = (told.value("gaps", gap, column) for column in ("start_ms", "end_ms"))
        yield int(start or 0), int(end or 0)
