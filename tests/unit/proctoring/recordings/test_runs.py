"""Runs tell what segments by themselves do, in fewer bytes."""

from datetime import UTC, datetime
from itertools import accumulate, pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from proctoring.recordings.model import Segment
from proctoring.recordings.runs import runs

NUMBERS = {"first": 1, "second": 2}
AT = datetime(2026, 11, 16, tzinfo=UTC)

pieces = st.lists(
    st.tuples(
        st.integers(0, 2),  # places left out
        st.sampled_from([0, 0, 0, 1, 5000]),  # ms of nothing before it
        st.integers(1, 9000),
        st.integers(1, 1 << 20),
        st.sampled_from(sorted(NUMBERS)),
        st.booleans(),
    ),
    max_size=40,
)


def recorded(given_pieces: list[tuple[int, int, int, int, str, bool]]) -> list[Segment]:
    position = start_ms = 0
    found = []
    for left_out, hole_ms, duration_ms, size, take, late in given_pieces:
        position, start_ms = position + left_out, start_ms + hole_ms
        found.append(Segment("u", take, 0, position, size, start_ms, duration_ms, AT, late))
        position, start_ms = position + 1, start_ms + duration_ms
    return found


def told(run: Any) -> list[tuple[object, ...]]:
    """The run's segments, as its reader makes them."""
    starts = accumulate(run["durations_ms"], initial=run["start_ms"])
    each = enumerate(zip(starts, run["durations_ms"], run["bytes"], strict=False))
    return [
        (run["n"] + place, run["take"], start, duration, size, run["late"])
        for place, (start, duration, size) in each
    ]


@given(pieces)
def test_nothing_is_lost_and_nothing_added(given_pieces: list[tuple[int, int, int, int, str, bool]]) -> None:
    """Every segment comes out of the runs as it was, in its order; each run is as long as it can be."""
    segments = recorded(given_pieces)
    found = runs(segments, NUMBERS)
    assert [one for run in found for one in told(run)] == [
        (one.position, NUMBERS[one.take_id], one.start_ms, one.duration_ms, one.ct_len, one.late)
        for one in segments
    ]
    joined = sum(
        (b.position, b.start_ms, b.take_id, b.late)
        == (a.position + 1, a.start_ms + a.duration_ms, a.take_id, a.late)
        for a, b in pairwise(segments)
    )
    assert len(found) == len(segments) - joined
