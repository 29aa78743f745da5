"""Limits on how fast takes may follow one another, so that no publisher fills the database. Pure.

On a bad network a candidate begins a take every few seconds, for hours, and each of them is wanted. What
begins faster than here waits for its turn, and what it has recorded waits with it; none is refused for good.
"""

from datetime import timedelta

TAKES_AT_ONCE = 20
TAKES_WINDOW = timedelta(seconds=40)
"""Within it at most TAKES_AT_ONCE takes of one stream begin: one every two seconds, for hours."""
TAKES_PLENTY = 5000
"""So many takes of one stream are more than any exam has; from there on TAKES_WINDOW_THEN counts."""
TAKES_WINDOW_THEN = timedelta(minutes=20)


def turn_in(number: int, earlier_ago: timedelta) -> timedelta:
    """How long take `number` of a stream waits when that TAKES_AT_ONCE before it began `earlier_ago`; zero or
    less: not at all. A clock that was set back makes nobody wait."""
    window = TAKES_WINDOW if number <= TAKES_PLENTY else TAKES_WINDOW_THEN
    return window - earlier_ago if earlier_ago >= timedelta(0) else timedelta(0)
