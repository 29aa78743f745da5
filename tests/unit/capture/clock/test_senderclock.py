"""Sender reports as a clock: the fit, drift, restarts, and the device's place on the server's clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.clock.deviceclock import LEAST_OVER_US, ROUND_TRIP_US_MAX, DeviceClock
from capture.clock.senderclock import DRIFT_MAX_PPM, RESTART_US, SenderClock, ntp_to_us

pytestmark = pytest.mark.packet

S = 1_000_000
NOON_US = 1_800_000_000 * S


def reported(seconds: int, *, ppm: int = 0, noise_us: int = 0, rate: int = 90_000) -> SenderClock:
    """A clock after one report a second, whose media clock is slow by `ppm` against the sender's own."""
    clock = SenderClock(rate)
    for second in range(seconds):
        wobble = noise_us * (-1) ** second
        assert clock.report(NOON_US + second * (S + ppm) + wobble, 7_000 + second * rate)
    return clock


def test_ntp_is_unix_time_in_microseconds() -> None:
    """The epoch of NTP is 1900, its fraction 1/2^32 s (RFC 3550 section 4)."""
    assert ntp_to_us(2_208_988_800 << 32) == 0
    assert ntp_to_us((2_208_988_801 << 32) | 0x8000_0000) == 1_500_000
    assert ntp_to_us((2_208_988_800 << 32) | 0xFFFF_FFFF) == 1_000_000


def test_nothing_is_told_before_a_report() -> None:
    """Without a report there is no mapping, and no guess."""
    assert SenderClock(90_000).sender_us(1) is None
    assert DeviceClock().server_us(NOON_US) is None


def test_one_report_maps_at_the_nominal_rate() -> None:
    """A single report fixes the offset; what lies before and after it follows the codec's clock."""
    clock = reported(1)
    assert clock.sender_us(7_000) == NOON_US
    assert clock.sender_us(7_000 + 90_000) == NOON_US + S
    assert clock.sender_us(7_000 - 45_000) == NOON_US - S // 2


@given(ppm=st.integers(-300, 300), noise_us=st.integers(0, 1_000))
def test_drift_is_fitted(ppm: int, noise_us: int) -> None:
    """With half a minute of reports that wobble by up to 1 ms, a frame a second ahead is placed within 1.5 ms
    plus the wobble's own size, whatever the drift."""
    clock = reported(31, ppm=ppm, noise_us=noise_us)
    ahead = clock.sender_us(7_000 + 31 * 90_000)
    assert ahead is not None
    assert abs(ahead - (NOON_US + 31 * (S + ppm))) <= 1_500 + noise_us
    assert abs(clock.drift_ppm - ppm) <= 60


def test_no_line_is_steeper_than_a_clock() -> None:
    """Reports that creep away faster than any quartz do not bend the line by more than DRIFT_MAX_PPM."""
    assert reported(31, ppm=3_000).drift_ppm == DRIFT_MAX_PPM


def test_an_older_report_changes_nothing() -> None:
    """A report that the network brought late, or twice, counts for nothing."""
    clock = reported(12, ppm=100)
    before = clock.sender_us(2_000_000)
    assert clock.report(NOON_US + 5 * S - 100_000, 7_000 + 5 * 90_000 - 9_000)
    assert clock.report(NOON_US + 11 * (S + 100), 7_000 + 11 * 90_000)
    assert clock.sender_us(2_000_000) == before


def test_a_clock_that_was_set_begins_anew() -> None:
    """A report far off the line replaces all before it, and says so; the next ones are judged by it."""
    clock = reported(20)
    later = NOON_US + 20 * S - 3_600 * S
    assert not clock.report(later, 7_000 + 20 * 90_000)
    assert clock.sender_us(7_000 + 21 * 90_000) == later + S
    assert clock.report(later + S, 7_000 + 21 * 90_000)


def test_a_sender_that_begins_anew_is_followed() -> None:
    """Ticks that go back while the sender's clock goes on are a new beginning of the track."""
    clock = reported(20)
    assert not clock.report(NOON_US + 20 * S, 500)
    assert clock.sender_us(500 + 90_000) == NOON_US + 21 * S


def test_a_small_step_is_noise() -> None:
    """Up to RESTART_US off the line is jitter of the report, and is averaged in."""
    clock = reported(20)
    assert clock.report(NOON_US + 20 * S + RESTART_US, 7_000 + 20 * 90_000)
    told = clock.sender_us(7_000 + 20 * 90_000)
    assert told is not None
    assert NOON_US + 20 * S < told < NOON_US + 20 * S + RESTART_US


@given(
    wrong_us=st.integers(-(10**15), 10**15),
    delays=st.lists(st.integers(30_000, 900_000), min_size=1, max_size=50),
)
def test_the_least_delayed_arrival_places_a_device(wrong_us: int, delays: list[int]) -> None:
    """However wrong the device's clock, an instant of it is placed late by the least delay seen and never
    earlier than it was; half of a measured round trip comes off."""
    device = DeviceClock()
    for number, delay in enumerate(delays):
        sent = NOON_US + number * 100_000
        device.observe(sent + wrong_us, sent + delay)
    assert device.server_us(NOON_US + wrong_us) == NOON_US + min(delays)
    for us in (90_000, 60_000, 70_000):
        device.round_trip(us)
    assert device.server_us(NOON_US + wrong_us) == NOON_US + min(delays) - 30_000


def test_what_waited_for_a_busy_machine_is_no_way() -> None:
    """Round trips beyond ROUND_TRIP_US_MAX count for nothing, nor do fewer than ROUND_TRIPS_MIN: a second
    that a loaded device took to answer must not place what it films half a second early."""
    device = DeviceClock()
    device.observe(NOON_US, NOON_US + 20_000)
    for us in (1_000_000, ROUND_TRIP_US_MAX + 1, 30_000, 900_000, 30_000):
        device.round_trip(us)
        assert device.server_us(NOON_US) == NOON_US + 20_000
    device.round_trip(40_000)
    assert device.server_us(NOON_US) == NOON_US + 5_000


def test_two_tracks_of_a_device_keep_their_order() -> None:
    """Sound that the network brought 300 ms after its picture is placed beside it, once both reported."""
    device = DeviceClock()
    picture, sound = SenderClock(90_000), SenderClock(48_000)
    picture.report(NOON_US, 90_000)
    sound.report(NOON_US, 5_000)
    for frame in range(50):
        filmed = picture.sender_us(90_000 + frame * 6_000)
        heard = sound.sender_us(5_000 + frame * 3_200)
        assert filmed is not None and heard is not None
        device.observe(filmed, filmed + 20_000)
        device.observe(heard, heard + 320_000)
    filmed, heard = picture.sender_us(90_000 * 5), sound.sender_us(5_000 + 48_000 * 4)
    assert filmed is not None
    assert filmed == heard
    assert device.server_us(filmed) == filmed + 20_000


def test_old_arrivals_are_forgotten() -> None:
    """A device whose clock runs slow against the server's is followed: an arrival counts for two spans."""
    device = DeviceClock()
    device.observe(NOON_US, NOON_US + 10_000)
    for span in (1, 2, 3):
        at = NOON_US + span * LEAST_OVER_US
        device.observe(at, at + 10_000 + span * 3_000)
    assert device.server_us(NOON_US) == NOON_US + 16_000


def test_a_device_clock_that_was_set_is_learned_anew() -> None:
    """After a step back of the device's clock, the old least delay places no frame an hour early."""
    device = DeviceClock()
    device.observe(NOON_US, NOON_US + 10_000)
    device.set_anew()
    device.observe(NOON_US - 3_600 * S, NOON_US + S + 12_000)
    assert device.server_us(NOON_US - 3_600 * S) == NOON_US + S + 12_000
