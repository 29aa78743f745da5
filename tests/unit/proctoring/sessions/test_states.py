"""Every (state, event) of a session's state machine."""

from itertools import product

import pytest

from proctoring.errors import WrongState
from proctoring.sessions import model
from proctoring.sessions.model import TRANSITIONS, SessionEvent, SessionState, after

PAIRS = list(product(SessionState, SessionEvent))


def documented() -> dict[tuple[SessionState, SessionEvent], SessionState | None]:
    """The table in the module's docstring."""
    assert model.__doc__ is not None
    rows = [line.split() for line in model.__doc__.splitlines() if line.startswith("    ")]
    events = [SessionEvent(name) for name in rows[0][1:]]
    return {
        (SessionState(row[0]), event): None if cell == "–" else SessionState(cell)
        for row in rows[1:]
        for event, cell in zip(events, row[1:], strict=True)
    }


@pytest.mark.parametrize(("state", "event"), PAIRS)
def test_the_documented_table_is_what_happens(state: SessionState, event: SessionEvent) -> None:
    """Each cell leads where the docstring says; an empty one is refused with what to do."""
    expected = documented()[state, event]
    if expected is None:
        with pytest.raises(WrongState) as refusal:
            after(state, event)
        assert refusal.value.remedy
    else:
        assert after(state, event) is expected


def test_every_state_can_end() -> None:
    """From every state but the final ones some arrow leads on, so no session lives for ever."""
    final = {SessionState.ENDED, SessionState.EXPIRED}
    for state in set(SessionState) - final:
        assert (state, SessionEvent.EXPIRE) in TRANSITIONS
