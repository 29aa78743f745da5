"""Payloads in order, with holes marked, to whole encoded frames (RFC 6184, RFC 7741, RFC 7587).

Guarantee: only whole frames are delivered. After a loss in video nothing is delivered until the next
keyframe, since later frames would decode into a picture that was never filmed. Pure: time comes with the
packets.

The timestamp delimits the picture: some senders set the marker of H.264 after every NAL unit. So a picture is
whole once another begins, or once nothing more came for a while (`rest`). The last picture of a source that
sets no marker at all counts as whole.
"""

from collections.abc import Callable
from typing import Final, final

from capture.errors import BadPayload
from capture.media import h264, vp8
from capture.media.frames import Codec, EncodedFrame, unrolled

FRAME_BYTES_MAX: Final = 8 << 20

_BEFORE_PICTURE: Final = frozenset({h264.SPS, h264.PPS, h264.DELIMITER, h264.SEI})

Deliver = Callable[[EncodedFrame], None]


@final
class AudioAssembler:
    """Each packet with a payload is a frame."""

    def __init__(self, deliver: Deliver) -> None:
        self.wants_keyframe = False
        self._deliver = deliver
        self._ticks = -1
        self._lost_before = False

    def push(self, timestamp: int, marker: bool, payload: bytes, arrival_ms: int) -> None:
        self._ticks = unrolled(self._ticks, timestamp)
        if payload:
            self._deliver(
                EncodedFrame(
                    Codec.OPUS, self._ticks, arrival_ms, payload, keyframe=True, after_loss=self._lost_before
                )
            )
            self._lost_before = False

    def lost(self) -> None:
        """Packets are missing here for good."""
        self._lost_before = True

    def rest(self) -> None:
        """Nothing more came for a while."""

    def end(self) -> None:
        """Nothing more comes of this source."""


@final
class VideoAssembler:
    """`wants_keyframe` from the start, and again from a loss, until a keyframe came."""

    def __init__(self, codec: Codec, deliver: Deliver) -> None:
        self.codec = codec
        self.wants_keyframe = True
        self._deliver = deliver
        self._parts: list[bytes | bytearray] = []
        self._sets: list[bytes | bytearray] = []
        self._size = 0
        self._timestamp = -1
        self._ticks = -1
        self._arrival_ms = 0
        self._broken = False
        self._marked = False  # the last packet was its picture's last, if its marker is right
        self._markers_lie = False
        self._marks = False  # any packet had a marker
        self._closed = -1  # timestamp of the last picture
        self._alike = 0  # pictures of this timestamp before the one under way
        self._at_boundary = False
        self._brings_sets = False  # the stream itself holds its parameter sets
        self._lost_before = False

    def push(self, timestamp: int, marker: bool, payload: bytes, arrival_ms: int) -> None:
        """Takes the next packet in order."""
        if not payload:
            return  # padding, sent to probe the bandwidth
        if timestamp != self._timestamp:
            if self._timestamp >= 0:
                self._close()
            self._open(timestamp, arrival_ms)
        elif self._marked:
            if self._is_another(payload):
                self._close()
                self._open(timestamp, arrival_ms)
            else:
                self._markers_lie = True
        if arrival_ms < self._arrival_ms:
            self._arrival_ms = arrival_ms
        if not self._broken:
            self._size += len(payload)
            try:
                self._broken = not self._add(payload) or self._size > FRAME_BYTES_MAX
            except BadPayload:
                self._broken = True
        self._marked = marker
        if marker:
            self._marks = True
            if self.codec is Codec.VP8:
                self._close()

    def lost(self) -> None:
        """Packets are missing here for good."""
        if not self._markers_lie:
            self.rest()
        self._clear()
        self._at_boundary = False
        self.wants_keyframe = self._lost_before = True

    def rest(self) -> None:
        """Nothing more of this picture comes: it leaves, if it is whole."""
        if self._marked and self._timestamp >= 0:
            self._close()

    def end(self) -> None:
        """Nothing more comes of this source."""
        if self._timestamp >= 0 and (self._marked or not self._marks):
            self._close()

    def _open(self, timestamp: int, arrival_ms: int) -> None:
        self._timestamp, self._arrival_ms = timestamp, arrival_ms
        self._broken = False
        # Some senders stamp two pictures alike.
        self._alike = self._alike + 1 if timestamp == self._closed else 0

    def _clear(self) -> None:
        self._parts.clear()
        self._size = 0
        self._timestamp = -1
        self._marked = False

    def _close(self) -> None:
        self._ticks = unrolled(self._ticks, self._timestamp)
        if self._broken:
            self.wants_keyframe = self._lost_before = True
        elif self._parts:
            self._finish()
        self._closed = self._timestamp
        self._clear()
        self._at_boundary = True

    def _is_another(self, payload: bytes) -> bool:
        """Whether a packet after a marker begins another picture, though of the same timestamp."""
        return any(h264.is_picture(nal) for nal in self._parts) and _begins_picture(payload)

    def _add(self, payload: bytes) -> bool:
        """False when the frame's beginning is missing. Raises BadPayload."""
        return self._add_vp8(payload) if self.codec is Codec.VP8 else self._add_h264(payload)

    def _add_vp8(self, payload: bytes) -> bool:
        starts_frame, position = vp8.read_descriptor(payload)
        if not self._parts and not starts_frame:
            return False
        self._parts.append(payload[position:])
        return True

    def _add_h264(self, payload: bytes) -> bool:
        if not self._parts and not self._at_boundary and not self._begins_unit(payload):
            return False
        add_h264(self._parts, payload)
        return True

    def _begins_unit(self, payload: bytes) -> bool:
        """Whether an access unit surely starts here: with its sets or, where they never come, its first slice
        (H.264 section 7.4.1.2.3)."""
        return _begins_access_unit(payload) or (not self._brings_sets and _begins_picture(payload))

    def _finish(self) -> None:
        if self.codec is Codec.VP8:
            data = b"".join(self._parts) if len(self._parts) > 1 else bytes(self._parts[0])
            keyframe = vp8.is_keyframe(data)
        else:
            self._parts[:0] = self._sets
            self._sets = []
            if not any(h264.is_picture(nal) for nal in self._parts):
                self._sets = self._parts[: 2 * h264.PARAMETER_SETS_MAX]  # they belong to the next picture
                return
            self._brings_sets = self._brings_sets or any(h264.is_set(nal) for nal in self._parts)
            data = h264.length_prefixed(self._parts)
            keyframe = any(h264.nal_type(nal) == h264.IDR for nal in self._parts)
        if self.wants_keyframe and not keyframe:
            return
        after_loss = self._lost_before
        self.wants_keyframe = self._lost_before = False
        ticks = self._ticks + self._alike
        self._deliver(
            EncodedFrame(self.codec, ticks, self._arrival_ms, data, keyframe=keyframe, after_loss=after_loss)
        )


Assembler = AudioAssembler | VideoAssembler


def _begins_picture(payload: bytes) -> bool:
    """Whether the packet begins with what comes before a picture's first slice, or with that slice (H.264
    section 7.4.1.2.3)."""
    kind = payload[0] & 0x1F
    if kind == h264.FU_A:
        if len(payload) < 3 or not payload[1] & 0x80:
            return False
        return h264.begins_picture(bytes((payload[1] & 0x1F, payload[2])))
    if kind == h264.STAP_A:
        payload = payload[3:]
    return bool(payload) and (payload[0] & 0x1F in _BEFORE_PICTURE or h264.begins_picture(payload))


def _begins_access_unit(payload: bytes) -> bool:
    """Behind a loss only these tell that an access unit starts here (H.264 section 7.4.1.2.3)."""
    first = payload[0] & 0x1F
    if first == h264.STAP_A and len(payload) > 3:
        first = payload[3] & 0x1F
    return first in (h264.SPS, h264.DELIMITER)


def add_h264(nals: list[bytes | bytearray], payload: bytes) -> None:
    """Appends the NAL units of a payload (RFC 6184 section 5.6–5.8) to a frame's. Raises BadPayload."""
    kind = payload[0] & 0x1F
    if kind == h264.FU_A:
        if len(payload) < 3:
            raise BadPayload("An FU-A packet is cut short.")
        if payload[1] & 0x80:
            nals.append(bytearray((payload[0] & 0xE0 | payload[1] & 0x1F,)) + payload[2:])
        elif nals and isinstance(last := nals[-1], bytearray):
            last += payload[2:]
        else:
            raise BadPayload("An FU-A packet continues nothing.")
    elif 1 <= kind < h264.STAP_A:
        nals.append(payload)
    elif kind == h264.STAP_A:
        position = 1
        while position < len(payload):
            end = position + 2 + int.from_bytes(payload[position : position + 2], "big")
            if end > len(payload) or end == position + 2:
                raise BadPayload("A STAP-A packet is cut short.")
            nals.append(payload[position + 2 : end])
            position = end
    else:
        raise BadPayload(f"NAL unit type {kind} is not part of packetization mode 1.")
