"""Hands one stream's packets on in sequence order; knows which are missing and gives up those too long gone.

Pure: time comes with the packets and with `tick`. Sequence numbers are unrolled; they may wrap. A packet in
order goes through as bare arguments: it becomes a `Packet` only when it has to wait.
"""

from collections.abc import Callable
from itertools import islice
from typing import Final, final

from capture.receive.assemble import Assembler
from capture.receive.rtp import Packet

VIDEO_WAIT_MS: Final = 900  # how long a missing video packet may still come by retransmission
AUDIO_WAIT_MS: Final = 400  # audio is not retransmitted; only reordering is waited for
AUDIO_WAIT_PACKETS: Final = 8
PENDING_MAX: Final = 8_192  # packets held behind a hole: some keyframes of 4K
RESTART_STEP: Final = 12_000  # a larger step in sequence numbers is a sender that began anew
REASK_MS: Final = 60
ASKED_MAX: Final = 256  # sequence numbers in one request


@final
class Reorderer:
    """`assembler` gets every packet once, in order, and learns where packets are given up.

    `ask` gets the sequence numbers (16 bits) to ask for: new ones at once, then all every REASK_MS. Without
    it nothing is asked for, as for audio, and AUDIO_WAIT_PACKETS bounds the wait. `missing` is called once
    packets are missing: from then on `tick` is due.
    """

    def __init__(
        self,
        assembler: Assembler,
        missing: Callable[[], None],
        ask: Callable[[list[int]], None] | None = None,
    ) -> None:
        self.lost = 0  # packets given up
        self._assembler = assembler
        self._on_missing = missing
        self._ask = ask
        self._next = -1
        self._highest = -1
        self._pending: dict[int, Packet] = {}
        self._missing: dict[int, int] = {}  # sequence → since when, ms; ascending
        self._asked_ms = 0
        self._leapt: Packet | None = None

    def push(self, sequence: int, timestamp: int, marker: bool, payload: bytes, arrival_ms: int) -> None:
        """Takes a packet from the network, in whatever order, however often."""
        expected = self._next
        if expected & 0xFFFF == sequence and expected >= 0 and not self._missing:
            self._highest = expected
            self._next = expected + 1
            self._assembler.push(timestamp, marker, payload, arrival_ms)
        else:
            self._place(Packet(sequence, timestamp, marker, payload, arrival_ms))

    def tick(self, now_ms: int) -> bool:
        """To be called every few ten milliseconds as long as packets are missing; whether they are."""
        self._give_up(now_ms)
        if self._ask is not None and self._missing and now_ms - self._asked_ms >= REASK_MS:
            self._asked_ms = now_ms
            self._ask([sequence & 0xFFFF for sequence in islice(self._missing, ASKED_MAX)])
        return bool(self._missing)

    def flush(self) -> None:
        """Hands on what is left, holes or not."""
        while self._pending:
            self._skip()
        self._assembler.end()

    def _place(self, packet: Packet) -> None:
        if self._next < 0:
            self._next = packet.sequence + 0x10000  # so that a reordered earlier one stays positive
            self._highest = self._next - 1
        step = ((packet.sequence - self._next + 0x8000) & 0xFFFF) - 0x8000
        if abs(step) > RESTART_STEP:
            self._leap(packet)
        elif step >= 0:
            self._hold(self._next + step, packet)

    def _hold(self, sequence: int, packet: Packet) -> None:
        if sequence > self._highest:
            new = range(self._highest + 1, sequence)
            self._highest = sequence
            if new and not self._missing:
                self._on_missing()
            for missing in new:
                self._missing[missing] = packet.arrival_ms
            if new and self._ask is not None:
                self._asked_ms = packet.arrival_ms
                self._ask([missing & 0xFFFF for missing in new[:ASKED_MAX]])
        elif self._missing.pop(sequence, None) is None:
            return  # it came before
        self._pending[sequence] = packet
        self._drain()
        self._give_up(packet.arrival_ms)

    def _drain(self) -> None:
        while (packet := self._pending.pop(self._next, None)) is not None:
            self._next += 1
            self._assembler.push(packet.timestamp, packet.marker, packet.payload, packet.arrival_ms)

    def _give_up(self, now_ms: int) -> None:
        wait_ms, held = (
            (AUDIO_WAIT_MS, AUDIO_WAIT_PACKETS) if self._ask is None else (VIDEO_WAIT_MS, PENDING_MAX)
        )
        while self._missing:
            first_since_ms = next(iter(self._missing.values()))
            if now_ms - first_since_ms <= wait_ms and len(self._pending) <= held:
                return
            self._skip()

    def _skip(self) -> None:
        """Gives up everything missing before the first packet held."""
        self._next = min(self._pending)
        gone = [sequence for sequence in self._missing if sequence < self._next]
        self.lost += len(gone)
        for sequence in gone:
            del self._missing[sequence]
        self._assembler.lost()
        self._drain()

    def _leap(self, packet: Packet) -> None:
        """A sender that began anew shows by two packets in a row (RFC 3550 appendix A.1)."""
        before, self._leapt = self._leapt, packet
        if before is None or packet.sequence != (before.sequence + 1) & 0xFFFF:
            return
        self._leapt = None
        self.flush()
        self._assembler.lost()
        self._missing.clear()
        self._next = -1
        self.push(*before)
        self.push(*packet)
