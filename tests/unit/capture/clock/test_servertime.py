"""The server's time for media runs on, whoever sets the system's clock."""

from datetime import UTC, datetime, timedelta

from capture.clock.servertime import STEP_MS_MIN, ServerTime

NOON = datetime(2026, 11, 16, 12, tzinfo=UTC)


class Hands:
    """A system clock and a monotonic one; `set_by` is what somebody set the first by."""

    def __init__(self) -> None:
        self.passed_s = 0.0
        self.set_by = timedelta(0)

    def system(self) -> datetime:
        return NOON + timedelta(seconds=self.passed_s) + self.set_by

    def monotonic(self) -> float:
        return 1_000.0 + self.passed_s


def test_a_clock_that_is_set_moves_no_frame() -> None:
    """Set back by 8 s between two packets that are 40 ms apart, they are 40 ms apart."""
    hands = Hands()
    time = ServerTime(hands.system, hands.monotonic)
    before_ms = time.now_ms()
    hands.passed_s, hands.set_by = 0.04, timedelta(seconds=-8)
    assert time.now_ms() - before_ms == 40


def test_a_step_is_told_once() -> None:
    """Whoever watches hears of each setting once, and of no drift below STEP_MS_MIN."""
    hands = Hands()
    time = ServerTime(hands.system, hands.monotonic)
    hands.set_by = timedelta(milliseconds=STEP_MS_MIN - 1)
    assert time.step_ms() is None
    hands.set_by = timedelta(hours=1)
    assert time.step_ms() == 3_600_000
    assert time.step_ms() is None
    hands.set_by = timedelta(0)
    assert time.step_ms() == -3_600_000


def test_the_clock_is_followed_when_asked() -> None:
    """With nobody recorded the next session stands on the clock as it was set."""
    hands = Hands()
    time = ServerTime(hands.system, hands.monotonic)
    hands.set_by = timedelta(hours=-1)
    time.follow()
    assert time.now_ms() == int(hands.system().timestamp() * 1000)
    assert time.step_ms() is None
