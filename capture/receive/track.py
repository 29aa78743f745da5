"""One medium of a publisher: the packets of the source that it follows, into frames."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, final

from capture.media.frames import Codec, EncodedFrame
from capture.receive.assemble import Assembler, AudioAssembler, VideoAssembler
from capture.receive.reorder import Reorderer
from capture.receive.rtp import Packet

SOURCE_SILENT_S: Final = 0.5  # another SSRC takes a track over once the present one is silent for as long
FOLLOWING_BYTES_MAX: Final = 8 << 20  # of another SSRC, kept until then


@dataclass(frozen=True, slots=True)
class Events:
    """Events of a reception, all on the event loop.

    `loss` comes for each packet while video waits for a keyframe. `report` comes for each sender report of a
    medium that is heard, as (codec, 64-bit NTP time, RTP time, Unix ms of its arrival). `missing` comes once
    packets are missing: from then on `ask_again` is due.
    """

    frame: Callable[[EncodedFrame], None]
    loss: Callable[[], None]
    report: Callable[[Codec, int, int, int], None]
    missing: Callable[[], None]


@final
class Track:
    """One medium's packets into frames. Follows one SSRC at a time.

    Packets of another SSRC are kept. If the present one is silent they are the track's from the first on, as
    with an encoder that was restarted. If both go on they are another layer, and are dropped.
    """

    def __init__(
        self,
        codec: Codec,
        events: Events,
        ask: Callable[[int, list[int]], None],
    ) -> None:
        self.ssrc: int | None = None
        self.heard_s = 0.0
        self.codec = codec
        self.following: list[Packet] = []
        self._following_ssrc: int | None = None
        self._following_s = 0.0
        self._following_bytes = 0
        self._declined: int | None = None
        self._lost_before = 0  # of sources that it followed before
        self._events = events
        self._ask_of = ask
        self._begin()

    @property
    def lost(self) -> int:
        """How many packets did not come in time, nor when they were asked for again."""
        return self._lost_before + self.order.lost

    def follows(self, ssrc: int, now_s: float) -> bool:
        """Whether this SSRC takes the track over."""
        if self.ssrc is not None and now_s - self.heard_s < SOURCE_SILENT_S:
            return False
        self._take_over(ssrc)
        return True

    def keep(self, ssrc: int, packet: Packet, now_s: float) -> None:
        """Keeps a packet of another SSRC than the present one."""
        if ssrc == self._declined:
            return
        if ssrc != self._following_ssrc:
            self._forget(None)
            self._following_ssrc, self._following_s = ssrc, now_s
        self._following_bytes += len(packet.payload)
        if self._following_bytes > FOLLOWING_BYTES_MAX:
            self._forget(ssrc)
        else:
            self.following.append(packet)

    def compare(self, now_s: float) -> None:
        """The present SSRC was heard while packets of another are kept."""
        if now_s - self._following_s > SOURCE_SILENT_S:
            self._forget(self._following_ssrc)

    def close(self) -> None:
        """Hands on all that came."""
        if self.following and self._following_ssrc is not None:
            self._take_over(self._following_ssrc)
        self.order.flush()

    def _take_over(self, ssrc: int) -> None:
        if self.ssrc is not None:
            self.order.flush()
            self._lost_before += self.order.lost
            self._begin()
        kept = self.following if ssrc == self._following_ssrc else []
        self.ssrc = ssrc
        self._forget(None)
        for packet in kept:
            self.order.push(*packet)

    def _forget(self, declined: int | None) -> None:
        self._declined = declined
        self._following_ssrc, self._following_bytes, self.following = None, 0, []

    def _begin(self) -> None:
        self.assembler: Assembler
        if self.codec.is_video:
            self.assembler = VideoAssembler(self.codec, self._events.frame)
            self.order = Reorderer(self.assembler, self._events.missing, self._ask)
        else:
            self.assembler = AudioAssembler(self._events.frame)
            self.order = Reorderer(self.assembler, self._events.missing)

    def _ask(self, sequences: list[int]) -> None:
        assert self.ssrc is not None
        self._ask_of(self.ssrc, sequences)
