"""Runs: segments of one take that follow one another without a hole, told once instead of each.

Of a segment only its length and size are its own; where it begins and its place follow from the run. Three
hours of three streams are a seventh of the bytes, a third of them compressed.
"""

from collections.abc import Iterable, Mapping

from proctoring.recordings.model import Segment


def runs(segments: Iterable[Segment], numbers: Mapping[str, int]) -> list[dict[str, object]]:
    """The segments, in their order, as runs; `numbers` are those of the takes by id.

    Each run has `n`, `take`, `start_ms` and `late` of its first segment, and of all of them `durations_ms`
    and `bytes`. Each next segment has the next n and begins where the one before ends.
    """
    found: list[dict[str, object]] = []
    expected = None
    for one in segments:
        here = (one.position, one.start_ms, one.take_id, one.late)
        if here != expected:
            durations_ms: list[int] = []
            sizes: list[int] = []
            found.append(
                {
                    "n": one.position,
                    "take": numbers[one.take_id],
                    "start_ms": one.start_ms,
                    "late": one.late,
                    "durations_ms": durations_ms,
                    "bytes": sizes,
                }
            )
        durations_ms.append(one.duration_ms)
        sizes.append(one.ct_len)
        expected = (one.position + 1, one.start_ms + one.duration_ms, one.take_id, one.late)
    return found
