"""Figures of a receiver report about one source (RFC 3550 section 6.4.1, appendices A.3 and A.8). Pure."""

from typing import Final, final

from capture.receive.rtcp import ReportBlock, SenderReport, middle_32

RESTART_STEP: Final = 3_000  # a larger step in sequence numbers is a sender that began anew (MAX_DROPOUT)
LOST_MAX: Final = (1 << 23) - 1  # signed 24 bits on the wire
LOST_MIN: Final = -(1 << 23)


@final
class SourceStatistics:
    """Counts one SSRC's packets. Seconds are of one steady clock."""

    def __init__(self, ssrc: int, clock_rate: int) -> None:
        self.ssrc = ssrc
        self.received = 0
        self.heard = False  # since the last report
        self.loss_share = 0.0  # of the last interval
        self._rate = clock_rate
        self._base = 0
        self._highest = -1
        self._timestamp = -1
        self._transit = 0.0
        self._jitter = 0.0
        self._expected_before = 0
        self._received_before = 0
        self._report: SenderReport | None = None
        self._report_arrival_s = 0.0

    def packet(self, sequence: int, timestamp: int, arrival_s: float) -> None:
        """Counts a packet, duplicates and late ones included, as RFC 3550 does."""
        highest = self._highest
        step = ((sequence - highest + 0x8000) & 0xFFFF) - 0x8000
        if highest < 0 or not -RESTART_STEP < step < RESTART_STEP:
            self._restart(sequence)
        elif step > 0:
            self._highest = highest + step
        self.received += 1
        self.heard = True
        if timestamp != self._timestamp:
            # A picture's other packets leave when the sender paces them: that is not the network's jitter.
            transit = arrival_s * self._rate - timestamp
            difference = abs(transit - self._transit)
            # The first timestamp says nothing of jitter, nor does one that wrapped or leapt.
            if self._timestamp >= 0 and difference < self._rate:
                self._jitter += (difference - self._jitter) / 16
            self._timestamp, self._transit = timestamp, transit

    def sender_report(self, report: SenderReport, arrival_s: float) -> None:
        self._report, self._report_arrival_s = report, arrival_s

    def block(self, now_s: float) -> ReportBlock:
        """The report block; begins the next interval."""
        expected = self._highest - self._base + 1
        lost = expected - self.received
        expected_now = expected - self._expected_before
        lost_now = expected_now - (self.received - self._received_before)
        self._expected_before, self._received_before = expected, self.received
        share = lost_now / expected_now if expected_now > 0 and lost_now > 0 else 0.0
        self.loss_share = share
        self.heard = False
        return ReportBlock(
            ssrc=self.ssrc,
            fraction_lost=min(int(share * 256), 255),
            cumulative_lost=max(LOST_MIN, min(LOST_MAX, lost)),
            highest_sequence=self._highest & 0xFFFFFFFF,
            jitter=int(self._jitter) & 0xFFFFFFFF,
            last_report=middle_32(self._report.ntp) if self._report else 0,
            delay=int((now_s - self._report_arrival_s) * 65536) & 0xFFFFFFFF if self._report else 0,
        )

    def _restart(self, sequence: int) -> None:
        self._base = self._highest = sequence
        self.received = self._expected_before = self._received_before = 0
