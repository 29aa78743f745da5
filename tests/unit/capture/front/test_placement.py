"""Placing of sessions: fewest streams first, together, and nowhere above the limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.errors import IngestsFull
from capture.front.placement import (
    COMING_S,
    CPU_SHARE_MAX,
    KEPT_S,
    STREAMS_MAX,
    STREAMS_PER_SESSION,
    Load,
    Placements,
    least_loaded,
)
from proctoring.errors import Unavailable

LOADS = st.dictionaries(
    st.integers(0, 7), st.builds(Load, st.integers(0, STREAMS_MAX + 20), st.floats(0.0, 1.2)), max_size=8
)


class Ticks:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def two(ticks: Ticks) -> Placements:
    """Two idle processes."""
    placements = Placements(ticks)
    placements.heard(0, 0.0, {})
    placements.heard(1, 0.0, {})
    return placements


@given(LOADS)
def test_a_session_goes_to_the_fewest_streams_and_never_above_a_limit(loads: dict[int, Load]) -> None:
    """Whatever the loads: the chosen process is below both limits and none below them has fewer streams; none
    is chosen only where all are at a limit."""
    chosen = least_loaded(loads)
    fit = [load for load in loads.values() if load.streams < STREAMS_MAX and load.cpu_share < CPU_SHARE_MAX]
    if chosen is None:
        assert fit == []
    else:
        assert loads[chosen] in fit
        assert loads[chosen].streams == min(load.streams for load in fit)


def test_sessions_that_begin_at_the_same_moment_are_spread(two: Placements) -> None:
    """Before any process has said that it has a stream: a session counts with all that it will bring."""
    placed = [two.route(f"session-{number}", begins=True) for number in range(40)]
    assert sorted(placed) == [0] * 20 + [1] * 20
    assert {load.streams for load in two.loads().values()} == {20 * STREAMS_PER_SESSION}


def test_all_streams_of_a_session_and_whatever_it_sends_go_to_one_process(
    two: Placements, ticks: Ticks
) -> None:
    """Also when the other one has become idle, and for a while after the last stream."""
    first = two.route("session", begins=True)
    two.heard(first, 0.5, {"session": 3, "another": 2})
    assert {two.route("session", begins) for begins in (True, False)} == {first}
    two.heard(first, 0.0, {})
    ticks.now_s += KEPT_S - 1
    assert two.route("session", begins=True) == first


def test_above_the_limit_a_new_session_is_refused_and_one_under_way_is_not(two: Placements) -> None:
    """A reconnect is never turned away by admission, whatever the load."""
    under_way = two.route("under-way", begins=True)
    for number in (0, 1):
        two.heard(number, CPU_SHARE_MAX, {"under-way": 2} if number == under_way else {})
    with pytest.raises(IngestsFull):
        two.route("new", begins=True)
    assert two.refused == 1
    assert two.route("under-way", begins=True) == under_way
    assert two.route("new", begins=False) in (0, 1)


def test_a_process_full_of_streams_takes_no_session(two: Placements) -> None:
    """However little of its core it uses."""
    two.heard(0, 0.1, {str(number): 3 for number in range(STREAMS_MAX // 3)})
    assert [two.route(f"new-{number}", begins=True) for number in range(3)] == [1, 1, 1]


def test_what_a_dead_process_had_is_placed_anew_and_the_rest_stays(two: Placements) -> None:
    """At once and whatever the load, on those that answer; and never on one that does not."""
    homes = {session: two.route(session, begins=True) for session in ("a", "b")}
    dead = homes["a"]
    two.gone(dead)
    two.heard(1 - dead, CPU_SHARE_MAX, {})
    assert two.there() == [1 - dead]
    assert {two.route(session, begins=True) for session in homes} == {1 - dead}
    with pytest.raises(IngestsFull):
        two.route("new", begins=True)
    two.gone(1 - dead)
    with pytest.raises(Unavailable):
        two.route("a", begins=True)


def test_a_front_that_was_started_anew_learns_where_sessions_are(two: Placements) -> None:
    """From what the processes say that they record."""
    two.heard(1, 0.2, {"long-there": 1})
    assert two.route("long-there", begins=True) == 1
    assert two.route("new", begins=True) == 0


def test_a_session_that_never_published_does_not_count_for_long(two: Placements, ticks: Ticks) -> None:
    """Its offer may have been refused: its room is given back."""
    number = two.route("session", begins=True)
    ticks.now_s += COMING_S
    assert two.loads()[number].streams == 0


def test_what_carries_no_stream_needs_no_room_and_goes_to_one_process(two: Placements) -> None:
    """Events of a session that does not publish: always the same process, and pages any."""
    two.heard(0, CPU_SHARE_MAX, {})
    assert len({two.route("session", begins=False) for _ in range(9)}) == 1
    assert two.route(None, begins=False) == 1
