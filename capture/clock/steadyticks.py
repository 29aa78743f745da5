"""Makes the RTP ticks of one track run evenly: removes stalls, leaps and wrong rates.

RTP time stops while a microphone is switched off; encoders stamp 25 pictures a second and send 21. The
evidence is the arrival of packets, the other track of the connection, and sender reports:

    sign                                   other track   reports    then
    a packet later than STEP_US, once      any           any        it is held until the next rows decide
    held packets drain                     any           any        the network was slow: nothing is moved
    held packets stay late                 any           agree      nothing is moved
    held packets stay late                 any           tell it    moved, by what they say
    held packets stay late for CONFIRM_MS  in time       none yet   moved, by how late they are
    held packets stay late for LONELY_MS   silent        none ever  moved, by how late they are
    late for LASTING_MS                    any           none ever  moved, by how late they are
    later and later, or earlier            as above                 moved slowly, SLEW of the time that passes
    a packet earlier than STEP_US, once    any           any        moved: none arrives before it was filmed
                                                                    (held for CONFIRM_MS: the least counts)

A picture shown before one that came earlier (B-frames) is no evidence; it is moved like that one.

Pure: time comes with the packets. Integer microseconds.
"""

from collections.abc import Callable
from typing import Final, final

from capture.clock.reportedlag import NETWORK_US_MAX, ReportedLag
from capture.media.frames import VIDEO_CLOCK, Codec, EncodedFrame, unrolled

STEP_US: Final = 150_000  # a packet this much later than the one before it is no jitter
DEAD_ZONE_US: Final = 80_000  # a track this late is in time
LEAP_US: Final = 1_000_000  # a track this late is moved at once; below, slowly
SLEW: Final = 4  # a track moves slowly by this fraction of the time that passes: a quarter
SLEW_FAR: Final = 2  # by half of it, where it is more than FAR_US off
FAR_US: Final = 160_000
CALM_MS: Final = (
    500  # the first packets may have queued: they have drained once none came earlier for so long
)
CALM_MS_MAX: Final = 5_000
DRAIN: Final = 3  # a queue drains by more than this fraction of the time that passes: a third
STRETCH_MS: Final = 300  # lateness is that of the least late packet in a stretch this long
CONFIRM_MS: Final = 300
LONELY_MS: Final = 2_000
LASTING_MS: Final = 10_000
REPORT_MS_MAX: Final = 2_500  # a report is waited for as long where they come that often
HELD_MS_MAX: Final = 3_000
HELD_BYTES_MAX: Final = 8 << 20
RATE_OFF_MIN: Final = 10  # thousandths: below, the least delay follows (RISE_PPM) and reports align
RATE_OFF_MAX: Final = 300
RATE_STEP_MAX: Final = 60  # in one stretch
REORDERED_TICKS_MAX: Final = VIDEO_CLOCK // 2  # a picture that lies further back is a leap of the clock
RISE_PPM: Final = 500  # by how much the least delay may grow: ten times the drift of a bad quartz


@final
class SteadyTicks:
    """Hands on every frame once, in order, with steady ticks; at most HELD_MS_MAX later than it came. Frames
    that waited go to `deliver`.

    `beside` is the other track of the same connection, if there is one.
    """

    def __init__(self, rate: int, deliver: Callable[[EncodedFrame], None]) -> None:
        self.beside: SteadyTicks | None = None
        self.steps = 0
        self._rate = rate
        self._deliver = deliver
        self._shift_us = 0
        self._ticks = -1  # of the newest frame
        self._reordered_ticks = 0  # how far before the newest one a picture was shown, at most
        self._began_ms = self._lowered_ms = 0
        self._lowered_us = 0
        self._calm = False
        self._least_us = 0  # arrival − ticks of a packet that nothing delayed
        self._last_us = 0
        self._last_ms = 0
        self._stretch_ms = 0
        self._stretch_us = 0
        self._before_us = 0  # of the stretch before
        self._slew_us = 0  # what is still to be moved slowly
        self._rate_off = 0  # by how much the track's clock is slow, in thousandths
        self._wrong_us = 0  # at the end of the stretch before
        self._corrected_us = 0  # of it, beside what the rate explains
        self._in_time_ms = 0
        self._handed_ticks = 0
        self._held: list[EncodedFrame] = []
        self._held_bytes = 0
        self._held_least_us = 0
        self._held_last_us = 0
        self._reports = ReportedLag()

    @property
    def calm(self) -> bool:
        """Whether the packets that queued before the connection was established have come."""
        return self._calm

    @property
    def runs_true(self) -> bool:
        """Whether the track's own clock runs as fast as the sender's."""
        return not self._rate_off and abs(self._reports.drift_us) < RATE_OFF_MIN * 1000

    @property
    def holds(self) -> bool:
        """Whether frames wait until it is known when they were filmed."""
        return bool(self._held)

    def late_us(self, now_ms: int) -> int | None:
        """By how much the track is late now, by its least late packet; None when nothing came lately."""
        if self._held:
            return self._held_least_us - self._least_us
        if self._ticks < 0 or now_ms - self._last_ms > 2 * STRETCH_MS:
            return None
        return min(self._before_us, self._stretch_us) - self._least_us

    def push(self, frame: EncodedFrame) -> EncodedFrame | None:
        """Takes the next frame, and hands it on as its result unless it has to wait."""
        arrival_ms = frame.arrival_ms
        delay_us = arrival_ms * 1000 - frame.ticks * 1_000_000 // self._rate - self._shift_us
        if _is_reordered(frame, self._ticks):
            return self._follow(frame)
        if self._ticks < 0:
            self._begin(delay_us, arrival_ms)
        elif not self._calm:
            self._calm_down(delay_us, arrival_ms)
        elif self._held or self._steps(delay_us, self._last_us):
            self._hold(frame, delay_us)
            return None
        self._observe(delay_us, arrival_ms, frame.ticks)
        return self._steady(frame)

    def _follow(self, frame: EncodedFrame) -> EncodedFrame | None:
        self._reordered_ticks = max(self._reordered_ticks, self._ticks - frame.ticks)
        if not self._held:
            return self._shifted(frame)
        self._held.append(frame)
        self._held_bytes += len(frame.data)
        self._decide(frame.arrival_ms)
        return None

    def report(self, sender_us: int, rtp: int, arrival_ms: int) -> int | None:
        """Learns from a sender report, which names one instant on the sender's clock and as 32-bit RTP time.

        Returns it in steady ticks; None where the two are out of step, and before the first frame."""
        if self._ticks < 0:
            return None
        ticks = unrolled(self._ticks, rtp)
        supposed_us = self._own_us(self.late_us(arrival_ms) or 0, arrival_ms)
        ticks_us = ticks * 1_000_000 // self._rate
        self._reports.take(sender_us, ticks_us, self._shift_us, arrival_ms, supposed_us)
        if self._held:
            self._decide(arrival_ms)
        if abs(self._reports.lag_us) > STEP_US:
            return None
        return ticks + self._shift_us * self._rate // 1_000_000

    def tick(self, now_ms: int) -> None:
        """To be called about twice a second: decides on what is held, and on `calm`, while nothing comes."""
        if self._held:
            self._decide(now_ms)
        if self._ticks >= 0 and now_ms - self._lowered_ms >= CALM_MS:
            self._calm = True

    def flush(self) -> None:
        """Hands on what is held."""
        if self._held:
            late_us, now_ms = self._held_least_us - self._least_us, self._held[-1].arrival_ms
            lasted = now_ms - self._held[0].arrival_ms >= CONFIRM_MS // 3
            own = (lasted or self._alone_late(late_us, now_ms)) and self._is_own(late_us, now_ms)
            self._release(late_us if own or not -STEP_US <= late_us <= NETWORK_US_MAX else 0)

    def _begin(self, delay_us: int, arrival_ms: int) -> None:
        self._began_ms = self._lowered_ms = self._stretch_ms = self._in_time_ms = arrival_ms
        self._least_us = self._stretch_us = self._before_us = self._lowered_us = delay_us

    def _calm_down(self, delay_us: int, arrival_ms: int) -> None:
        self._least_us = min(self._least_us, delay_us)
        since_ms = arrival_ms - self._lowered_ms
        if self._lowered_us - delay_us > max(DEAD_ZONE_US // 4, since_ms * 1000 // DRAIN):
            self._lowered_us, self._lowered_ms = delay_us, arrival_ms
        self._calm = since_ms >= CALM_MS or arrival_ms - self._began_ms >= CALM_MS_MAX

    def _observe(self, delay_us: int, arrival_ms: int, ticks: int) -> None:
        self._last_us, self._last_ms, self._ticks = delay_us, arrival_ms, ticks
        if delay_us < self._stretch_us:
            self._stretch_us = delay_us
        if arrival_ms - self._stretch_ms >= STRETCH_MS:
            if self._calm:
                self._steer(arrival_ms)
            self._before_us, self._stretch_us, self._stretch_ms = self._stretch_us, delay_us, arrival_ms

    def _steer(self, now_ms: int) -> None:
        """At the end of a stretch: moves the track slowly where it went wrong slowly."""
        passed_us = min(now_ms - self._stretch_ms, 2 * STRETCH_MS) * 1000
        late_us = self._stretch_us - self._least_us
        wrong_us = late_us
        if late_us > DEAD_ZONE_US:
            wrong_us = self._own_us(late_us, now_ms)
        else:
            self._in_time_ms = now_ms
        if late_us > 0:
            self._least_us += min(late_us, passed_us * RISE_PPM // 1_000_000)
        if wrong_us > LEAP_US:
            self._move(wrong_us)
            self._wrong_us = self._corrected_us = self._slew_us = 0
            return
        drifted_us = wrong_us - self._wrong_us + self._corrected_us
        self._wrong_us, self._corrected_us = wrong_us, 0
        if self._rate_off or abs(wrong_us) > DEAD_ZONE_US:
            more = max(-RATE_STEP_MAX, min(RATE_STEP_MAX, drifted_us * 250 // max(passed_us, 1)))
            self._rate_off = max(-RATE_OFF_MAX, min(RATE_OFF_MAX, self._rate_off + more))
            self._corrected_us = wrong_us // 2
        if abs(self._rate_off) < RATE_OFF_MIN:
            self._rate_off = 0
        self._slew_us = self._rate_off * passed_us // 1000 + self._corrected_us

    def _own_us(self, late_us: int, now_ms: int) -> int:
        """How much of a lateness is the track's own and not the network's, as far as can be told."""
        since_ms = self._held[0].arrival_ms if self._held else now_ms - REPORT_MS_MAX
        if self._reports.is_told_since(since_ms):
            return min(late_us, self._reports.at(now_ms))
        if not self._reports.ever and now_ms - self._in_time_ms >= LASTING_MS:
            return late_us
        beside_us = None if self.beside is None else self.beside.late_us(now_ms)
        if beside_us is not None:
            return late_us - max(0, beside_us)
        return 0 if self._reports.ever else late_us

    def _alone_late(self, late_us: int, now_ms: int) -> bool:
        """Whether the other track was heard while those packets were due: no network held back both."""
        beside = self.beside
        return late_us > LEAP_US and beside is not None and beside.late_us(now_ms) is not None

    def _steady(self, frame: EncodedFrame) -> EncodedFrame:
        if self._slew_us:
            slew = SLEW_FAR if abs(self._slew_us) > FAR_US else SLEW
            apart = max(0, abs(frame.ticks - self._handed_ticks) - self._reordered_ticks)
            most_us = apart * 1_000_000 // self._rate // slew
            by_us = max(-most_us, min(most_us, self._slew_us))
            self._shift_us += by_us
            self._last_us -= by_us
            self._slew_us -= by_us
            self._reports.moved(by_us)
        self._handed_ticks = frame.ticks
        return self._shifted(frame)

    def _shifted(self, frame: EncodedFrame) -> EncodedFrame:
        if self._shift_us:
            ticks = frame.ticks + self._shift_us * self._rate // 1_000_000
            return frame.moved(ticks, frame.arrival_ms)
        return frame

    def _steps(self, delay_us: int, before_us: int) -> bool:
        """Whether a packet is much later, or earlier, than the one before and than it should be."""
        off_us, step_us = delay_us - self._least_us, delay_us - before_us
        return abs(off_us) > STEP_US < abs(step_us) and (off_us > 0) == (step_us > 0)

    def _hold(self, frame: EncodedFrame, delay_us: int) -> None:
        if self._held and self._steps(delay_us, self._held_last_us):
            before_us = self._shift_us
            self.flush()  # what was held before has another reason
            delay_us += before_us - self._shift_us
        if not self._held or delay_us < self._held_least_us:
            self._held_least_us = delay_us
        self._held_last_us = delay_us
        self._held.append(frame)
        self._held_bytes += len(frame.data)
        self._ticks = frame.ticks
        self._decide(frame.arrival_ms)

    def _decide(self, now_ms: int) -> None:
        late_us = self._held_least_us - self._least_us
        since_ms = now_ms - self._held[0].arrival_ms
        lasted_ms = self._held[-1].arrival_ms - self._held[0].arrival_ms
        if abs(late_us) <= STEP_US:
            self._release(0)
        elif not -STEP_US <= late_us <= NETWORK_US_MAX:
            if lasted_ms >= CONFIRM_MS or since_ms >= 2 * CONFIRM_MS:
                self._release(late_us)
        elif self._reports.is_told_since(self._held[0].arrival_ms):
            lag_us = self._reports.lag_us
            self._release(min(late_us, lag_us) if lag_us > DEAD_ZONE_US else 0)
        elif since_ms >= HELD_MS_MAX or self._held_bytes >= HELD_BYTES_MAX:
            self._release(late_us if self._is_own(late_us, now_ms) else 0)
        elif 0 < self._reports.every_ms <= REPORT_MS_MAX and since_ms < REPORT_MS_MAX:
            pass  # the next report will tell
        elif self.beside is not None and (beside_us := self.beside.late_us(now_ms)) is not None:
            if lasted_ms >= CONFIRM_MS:
                own_us = late_us - max(0, beside_us)
                self._release(own_us if own_us > STEP_US else 0)
        elif lasted_ms >= LONELY_MS and not self._reports.ever:
            self._release(late_us)

    def _is_own(self, late_us: int, now_ms: int) -> bool:
        return self._own_us(late_us, now_ms) > DEAD_ZONE_US

    def _release(self, by_us: int) -> None:
        """Hands on what was held, moved by so much."""
        held, self._held, self._held_bytes = self._held, [], 0
        if by_us:
            self._move(by_us)
        newest = -1
        for frame in held:
            if _is_reordered(frame, newest):
                self._deliver(self._shifted(frame))
                continue
            newest = frame.ticks
            delay_us = frame.arrival_ms * 1000 - frame.ticks * 1_000_000 // self._rate - self._shift_us
            self._observe(delay_us, frame.arrival_ms, frame.ticks)
            self._deliver(self._steady(frame))

    def _move(self, by_us: int) -> None:
        self.steps += 1
        self._shift_us += by_us
        self._reports.leapt()


def _is_reordered(frame: EncodedFrame, newest: int) -> bool:
    """Whether a picture is shown before the newest one that came earlier."""
    return frame.codec is Codec.H264 and 0 < newest - frame.ticks <= REORDERED_TICKS_MAX
