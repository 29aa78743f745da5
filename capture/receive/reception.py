"""One publisher's RTP and RTCP, from the protected datagram to whole frames, and what is sent back.

Guarantee: only packets that the publisher's keys protect count; frames are delivered whole or not at all;
nothing that arrives raises or grows without bound.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, final

from capture.media.frames import AUDIO_CLOCK, VIDEO_CLOCK, Codec
from capture.receive import rtcp, rtp
from capture.receive.bandwidth import Allowance
from capture.receive.inplace import InPlace
from capture.receive.statistics import SourceStatistics
from capture.receive.track import Events, Track

SOURCES_MAX: Final = 16  # SSRCs of one publisher: two tracks, retransmissions, those that follow on them
RESTING_S: Final = 0.1  # a picture whose last packet came as long ago is whole
UNKNOWN_PER_S_MAX: Final = 50  # packets of sources not yet known that are looked at: each costs a decryption
EARLY_BYTES_MAX: Final = 4 << 20  # of datagrams that overtook the end of the DTLS handshake

_header: Final = rtp.HEADER.unpack_from
_SSRC: Final = struct.Struct(">I")
_RTCP_SSRC_AT: Final = 4


@dataclass(frozen=True, slots=True)
class Formats:
    """The payload types that were answered."""

    codec: Codec
    video: int
    again: int | None  # the video's retransmissions (RFC 4588)
    audio: int | None


@final
class Reception:
    """`send` takes an RTCP packet, protects it and sends it; it never raises.

    Times: `now_s` of a steady clock, `now_ms` Unix.
    """

    def __init__(
        self,
        formats: Formats,
        buffer: bytearray,
        events: Events,
        *,
        send: Callable[[bytes], None],
        ssrc: int,
        cname: str,
    ) -> None:
        self.packets = 0
        self.heard_s = 0.0
        self._buffer = buffer
        self._view = memoryview(buffer)
        self._events = events
        self._send = send
        self._ssrc = ssrc
        self._inbound: InPlace | None = None
        self._early: list[tuple[bytes, int]] = []
        self._early_bytes = 0
        self._sources: dict[int, SourceStatistics] = {}
        self._allowance = Allowance()
        self._cname = rtcp.source_description(ssrc, cname)
        self._preamble = rtcp.receiver_report(ssrc) + self._cname
        self._video = Track(formats.codec, events, self.ask_packets)
        self._audio = Track(Codec.OPUS, events, self.ask_packets)
        self._tracks = {formats.video: self._video}
        if formats.audio is not None:
            self._tracks[formats.audio] = self._audio
        self._again = formats.again
        self._unknown_left = UNKNOWN_PER_S_MAX
        self._strange = 0  # SSRCs that are authentic and of no format that was answered
        self._closed = False

    @property
    def sounds_lost(self) -> int:
        """Packets of sound that did not come."""
        return self._audio.lost

    def secure(self, inbound: InPlace, now_s: float) -> None:
        """The keys are there; what came before them is read now."""
        self._inbound = inbound
        self.heard_s = now_s
        early, self._early = self._early, []
        for data, came_ms in early:
            self._buffer[: len(data)] = data
            self.datagram(0, len(data), now_s, came_ms)

    def datagram(self, begin: int, length: int, now_s: float, now_ms: int) -> None:
        """Takes the protected packet that begins there in the receive buffer; it has 12 bytes at least."""
        inbound = self._inbound
        if inbound is None:
            if self._early_bytes + length <= EARLY_BYTES_MAX:  # the first ones; those behind can be asked for
                self._early.append((bytes(self._view[begin : begin + length]), now_ms))
                self._early_bytes += length
            return
        header: tuple[int, int, int, int] = _header(self._buffer, begin)
        second, sequence, timestamp, ssrc = header
        if rtp.RTCP_FIRST <= second <= rtp.RTCP_LAST:
            self._control(inbound, begin, length, now_s, now_ms)
            return
        source = self._sources.get(ssrc)
        if source is None and not self._may_be_new():
            return
        if (length := inbound.unprotect(begin, length)) < 0 or self._closed:
            return
        begin, end = rtp.payload_bounds(self._buffer, begin, length)
        if begin < 0:
            return
        track = self._tracks.get(second & 0x7F)
        if source is None and (source := self._new_source(ssrc, second & 0x7F, track)) is None:
            return
        self.heard_s = now_s
        self.packets += 1
        source.packet(sequence, timestamp, now_s)
        payload = self._view[begin:end].tobytes()
        video = self._video
        if track is not None:
            if track.ssrc == ssrc or track.follows(ssrc, now_s):
                track.heard_s = now_s
                track.order.push(sequence, timestamp, second > 0x7F, payload, now_ms)
                if track.following:
                    track.compare(now_s)
            else:
                track.keep(ssrc, rtp.Packet(sequence, timestamp, second > 0x7F, payload, now_ms), now_s)
        elif video.ssrc is not None and (original := rtp.original_sequence(payload)) is not None:
            video.order.push(original, timestamp, second > 0x7F, payload[2:], now_ms)
        if video.assembler.wants_keyframe:
            self._events.loss()

    def ask_again(self, now_ms: int) -> bool:
        """Asks for what is missing and gives up what stays so; whether any is. To be called every few ten
        milliseconds as long as it is."""
        if self._closed:
            return False
        video, audio = self._video.order.tick(now_ms), self._audio.order.tick(now_ms)
        return video or audio

    def report(self, now_s: float) -> None:
        """Sends a receiver report and the bandwidth allowed; to be called once a second."""
        self._unknown_left = UNKNOWN_PER_S_MAX
        if not self._sources or self._closed:
            return
        if now_s - self._video.heard_s >= RESTING_S:
            self._video.assembler.rest()
        heard = [source for source in self._sources.values() if source.heard]
        blocks = [source.block(now_s) for source in heard]
        packet = rtcp.receiver_report(self._ssrc, blocks) + self._cname
        for source in heard:
            if source.ssrc == self._video.ssrc:
                rate = self._allowance.after_interval(source.loss_share)
                packet += rtcp.estimated_maximum(self._ssrc, rate, [source.ssrc])
        self._send(packet)

    def ask_keyframe(self, ssrc: int | None = None) -> None:
        """Asks for a keyframe of the video heard, or of this SSRC while none was."""
        if (media := self._video.ssrc if self._video.ssrc is not None else ssrc) is not None:
            self._send(self._preamble + rtcp.picture_loss(self._ssrc, media))

    def ask_packets(self, media_ssrc: int, sequences: list[int]) -> None:
        self._send(self._preamble + rtcp.nack(self._ssrc, media_ssrc, sequences))

    def close(self) -> None:
        """Delivers the frames that are whole. Nothing is delivered afterwards."""
        self._video.close()
        self._audio.close()
        self._closed = True

    def _may_be_new(self) -> bool:
        """Whether a packet of a source not yet known is looked at."""
        if len(self._sources) + self._strange >= SOURCES_MAX or not self._unknown_left:
            return False
        self._unknown_left -= 1
        return True

    def _new_source(self, ssrc: int, payload_type: int, track: "Track | None") -> SourceStatistics | None:
        """None for an authentic packet of a format that was not answered."""
        if track is None and payload_type != self._again:
            self._strange += 1
            return None
        rate = AUDIO_CLOCK if track is self._audio else VIDEO_CLOCK
        source = self._sources[ssrc] = SourceStatistics(ssrc, rate)
        return source

    def _control(self, inbound: InPlace, begin: int, length: int, now_s: float, now_ms: int) -> None:
        if _SSRC.unpack_from(self._buffer, begin + _RTCP_SSRC_AT)[0] not in self._sources:
            return  # a source that sent no media yet; its next report will do
        if (length := inbound.unprotect_rtcp(begin, length)) <= 0 or self._closed:
            return
        self.heard_s = now_s
        for report in rtcp.sender_reports(bytes(self._view[begin : begin + length])):
            if (source := self._sources.get(report.ssrc)) is not None:
                source.sender_report(report, now_s)
                for track in (self._video, self._audio):
                    if track.ssrc == report.ssrc:
                        self._events.report(track.codec, report.ntp, report.rtp, now_ms)
