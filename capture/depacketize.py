"""From RTP packets to whole frames: reorder, reassemble, and never let half a frame through.

Invariants: frames leave in sequence order, each whole, each once; after a loss in video nothing leaves before
the next keyframe, since what follows would decode into a picture that was never filmed. Pure: time comes with
the packets.
"""

from collections.abc import Callable
from dataclasses import dataclass

from capture import h264, vp8
from capture.errors import BadPayload
from capture.frames import Codec, EncodedFrame, Unroller

VIDEO_WAIT_MS = 800  # how long a missing video packet may still come by retransmission
AUDIO_WAIT_PACKETS = 8  # audio is not retransmitted; only reordering is waited for
PENDING_MAX = 2048  # packets held behind a hole
RESTART_STEP = 3000  # a larger step in sequence numbers is a sender that began anew
RENACK_MS = 60
NACK_SEQS_MAX = 64
FRAME_BYTES_MAX = 8 << 20


@dataclass(frozen=True, slots=True)
class Packet:
    """What reassembly needs of an RTP packet. `sequence` and `timestamp` as on the wire."""

    sequence: int
    timestamp: int
    marker: bool
    payload: bytes
    arrival_ms: int


class Reorderer:
    """Hands packets on in sequence order; says where packets are given up as lost."""

    def __init__(self, codec: Codec, deliver: Callable[[Packet], None], lost: Callable[[], None]) -> None:
        self._video = codec.is_video
        self._deliver = deliver
        self._lost = lost
        self._unroll = Unroller(16)
        self._next: int | None = None
        self._pending: dict[int, Packet] = {}
        self._hole_since_ms = 0
        self._nacked_ms = 0

    def push(self, packet: Packet) -> None:
        sequence = self._unroll(packet.sequence)
        if self._next is None:
            self._next = sequence
        if abs(sequence - self._next) > RESTART_STEP:
            self._pending.clear()
            self._lost()
            self._next = sequence
        if sequence < self._next or sequence in self._pending:
            return
        if not self._pending:
            self._hole_since_ms = packet.arrival_ms
            self._nacked_ms = packet.arrival_ms
        self._pending[sequence] = packet
        before = self._next
        self._drain()
        if self._next != before:
            self._hole_since_ms = packet.arrival_ms
        while self._pending and self._gives_up(packet.arrival_ms):
            self._next = min(self._pending)
            self._lost()
            self._drain()
            self._hole_since_ms = packet.arrival_ms

    def to_ask_again(self, now_ms: int) -> list[int]:
        """Sequence numbers still missing, at most every RENACK_MS; the first request is not ours to make."""
        if not self._video or not self._pending or now_ms - self._nacked_ms < RENACK_MS:
            return []
        self._nacked_ms = now_ms
        assert self._next is not None
        missing = (s for s in range(self._next, max(self._pending)) if s not in self._pending)
        return [s & 0xFFFF for s, _ in zip(missing, range(NACK_SEQS_MAX), strict=False)]

    def flush(self) -> None:
        """Hands on what is left, holes or not."""
        while self._pending:
            self._next = min(self._pending)
            self._lost()
            self._drain()

    def _drain(self) -> None:
        assert self._next is not None
        while (packet := self._pending.pop(self._next, None)) is not None:
            self._next += 1
            self._deliver(packet)

    def _gives_up(self, now_ms: int) -> bool:
        if not self._video:
            return len(self._pending) > AUDIO_WAIT_PACKETS
        return now_ms - self._hole_since_ms > VIDEO_WAIT_MS or len(self._pending) > PENDING_MAX


class Depacketizer:
    """One track: packets in, `EncodedFrame`s out.

    `wants_keyframe` from the start, and again from a loss, until a keyframe came.
    """

    def __init__(self, codec: Codec, deliver: Callable[[EncodedFrame], None]) -> None:
        self.codec = codec
        self.wants_keyframe = codec.is_video
        self.frames_dropped = 0
        self._deliver = deliver
        self._order = Reorderer(codec, self._packet, self._loss)
        self._unroll = Unroller(32)
        self._parts: list[bytearray] = []
        self._sets: list[bytearray] = []
        self._size = 0
        self._ticks: int | None = None
        self._arrival_ms = 0
        self._broken = False
        self._at_boundary = False
        self._lost_before = False

    def push(self, packet: Packet) -> None:
        """Takes one packet; frames that become whole are delivered before it returns."""
        self._order.push(packet)

    def to_ask_again(self, now_ms: int) -> list[int]:
        return self._order.to_ask_again(now_ms)

    def flush(self) -> None:
        """Delivers what is whole. Call once, when no more packets come."""
        self._order.flush()

    def _loss(self) -> None:
        self._parts.clear()
        self._ticks = None
        self._at_boundary = False
        self._broken = False
        if self.codec.is_video:
            self.wants_keyframe = True
            self._lost_before = True

    def _packet(self, packet: Packet) -> None:
        if not packet.payload:
            return  # padding, sent to probe the bandwidth
        ticks = self._unroll(packet.timestamp)
        if not self.codec.is_video:
            self._deliver(EncodedFrame(self.codec, ticks, packet.arrival_ms, packet.payload))
            return
        if ticks != self._ticks:
            if self._ticks is not None:
                self._close()  # a sender that sets no marker
            self._ticks, self._arrival_ms = ticks, packet.arrival_ms
            self._broken = not self._begins_frame(packet.payload)
        self._arrival_ms = min(self._arrival_ms, packet.arrival_ms)
        if not self._broken:
            self._add(packet.payload)
        if packet.marker:
            self._close()

    def _close(self) -> None:
        if self._broken:
            self.frames_dropped += 1
            self.wants_keyframe = self._lost_before = True
        elif self._parts:
            self._finish()
        self._parts.clear()
        self._size = 0
        self._ticks = None
        self._at_boundary = True

    def _begins_frame(self, payload: bytes) -> bool:
        """Whether nothing of the frame can be missing before this payload."""
        try:
            if self.codec is Codec.VP8:
                return vp8.parse_payload(payload).starts_frame
            first = payload[0] & 0x1F
            if first == h264.STAP_A and len(payload) > 3:
                first = payload[3] & 0x1F
            # Behind a loss only these tell that an access unit starts here (H.264 section 7.4.1.2.3).
            return self._at_boundary or first in (h264.SPS, h264.DELIMITER)
        except BadPayload:
            return False

    def _add(self, payload: bytes) -> None:
        try:
            if self.codec is Codec.VP8:
                self._parts.append(bytearray(vp8.parse_payload(payload).data))
            else:
                add_h264(self._parts, payload)
        except BadPayload:
            self._broken = True
        self._size += len(payload)
        if self._size > FRAME_BYTES_MAX:
            self._broken = True

    def _finish(self) -> None:
        assert self._ticks is not None
        if self.codec is Codec.VP8:
            data = b"".join(self._parts)
            keyframe = vp8.is_keyframe(data)
        else:
            self._parts[:0] = self._sets
            self._sets = []
            if not any(h264.is_picture(nal) for nal in self._parts):
                self._sets = self._parts[: 2 * h264.PARAMETER_SETS_MAX]  # they belong to the next picture
                return
            data = h264.length_prefixed(self._parts)
            keyframe = any(h264.nal_type(nal) == h264.IDR for nal in self._parts)
        if self.wants_keyframe and not keyframe:
            self.frames_dropped += 1
            return
        after_loss = self._lost_before
        self.wants_keyframe = self._lost_before = False
        self._deliver(EncodedFrame(self.codec, self._ticks, self._arrival_ms, data, keyframe, after_loss))


def add_h264(nals: list[bytearray], payload: bytes) -> None:
    """Appends the NAL units of a payload (RFC 6184 section 5.6–5.8) to a frame's. Raises BadPayload."""
    kind = payload[0] & 0x1F
    if 1 <= kind < h264.STAP_A:
        nals.append(bytearray(payload))
    elif kind == h264.STAP_A:
        position = 1
        while position < len(payload):
            end = position + 2 + int.from_bytes(payload[position : position + 2], "big")
            if end > len(payload) or end == position + 2:
                raise BadPayload("A STAP-A packet is cut short.")
            nals.append(bytearray(payload[position + 2 : end]))
            position = end
    elif kind == h264.FU_A:
        if len(payload) < 3:
            raise BadPayload("An FU-A packet is cut short.")
        if payload[1] & 0x80:
            nals.append(bytearray((payload[0] & 0xE0 | payload[1] & 0x1F,)) + payload[2:])
        elif nals:
            nals[-1] += payload[2:]
        else:
            raise BadPayload("An FU-A packet continues nothing.")
    else:
        raise BadPayload(f"NAL unit type {kind} is not part of packetization mode 1.")
