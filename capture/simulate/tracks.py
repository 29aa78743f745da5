"""The simulated candidate's camera and microphone as WebRTC tracks, paced by the clock and never drifting.

A picture is due at every whole period since the start. One that comes late does not delay the next: what was
missed is left out. Its burnt-in clock and its media timestamp are read at the same instant, before drawing.
`late_s` of a track: how long after that instant its newest packet left.
"""

import asyncio
from typing import Protocol

from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioStream, Packet, VideoStream

from capture.simulate import clockstamp
from capture.simulate.encoding import VIDEO_CLOCK_HZ, OpusEncoder, VideoEncoder
from capture.simulate.paint import Pixels
from capture.simulate.sound import BLOCK_SAMPLES, SAMPLE_RATE, Voice
from proctoring.clock import Clock, to_unix_ms


class Scene(Protocol):
    """A drawn surrounding."""

    def draw(self, unix_ms: int) -> Pixels:
        """The picture of that instant, height x width x 3, the caller's to write upon."""
        ...


class Pace:
    """Waits for whole periods since its first tick; periods that went by unseen are skipped."""

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self._start_s: float | None = None
        self._count = 0

    @property
    def late_s(self) -> float:
        """How long ago the newest period began."""
        assert self._start_s is not None
        return asyncio.get_running_loop().time() - self._start_s - self._count * self._period_s

    async def tick(self) -> int:
        """Returns the number of the period that has just begun: 0 at once, then growing by at least one."""
        loop = asyncio.get_running_loop()
        if self._start_s is None:
            self._start_s = loop.time()
            return 0
        begun = int((loop.time() - self._start_s) / self._period_s)
        self._count = max(self._count + 1, begun)
        await asyncio.sleep(max(0.0, self._start_s + self._count * self._period_s - loop.time()))
        return self._count


class VideoTrack(MediaStreamTrack):
    """A scene's pictures with the wall clock burnt in. The first and those asked for are keyframes."""

    kind = "video"

    def __init__(self, scene: Scene, encoder: VideoEncoder, frames_per_s: int, clock: Clock) -> None:
        super().__init__()
        self._scene, self._encoder, self._clock = scene, encoder, clock
        self._pace = Pace(1 / frames_per_s)
        self._start_s: float | None = None
        self._keyframe_wanted = True
        self.late_s = 0.0
        self.frames = 0
        self.sent_bytes = 0

    def want_keyframe(self) -> None:
        """The next picture shall be a keyframe: somebody cuts or joins here."""
        self._keyframe_wanted = True

    async def recv(self) -> "Packet[VideoStream]":
        """The next picture's packet, when it is due. Raises MediaStreamError once the track is stopped."""
        await self._pace.tick()
        if self.readyState != "live":
            raise MediaStreamError
        loop = asyncio.get_running_loop()
        now_s, unix_ms = loop.time(), to_unix_ms(self._clock())
        self._start_s = self._start_s or now_s
        ticks = round((now_s - self._start_s) * VIDEO_CLOCK_HZ)
        keyframe, self._keyframe_wanted = self._keyframe_wanted, False
        packet = await loop.run_in_executor(None, self._picture, unix_ms, ticks, keyframe)
        self.late_s = loop.time() - now_s
        self.frames += 1
        self.sent_bytes += packet.size
        return packet

    def _picture(self, unix_ms: int, ticks: int, keyframe: bool) -> "Packet[VideoStream]":
        picture = self._scene.draw(unix_ms)
        clockstamp.stamp(picture, unix_ms)
        return self._encoder.encode(picture, ticks, keyframe)


class AudioTrack(MediaStreamTrack):
    """A voice in blocks of 20 ms. A block leaves at the instant its first sample sounds."""

    kind = "audio"

    def __init__(self, voice: Voice, clock: Clock) -> None:
        super().__init__()
        self._voice, self._clock = voice, clock
        self._encoder = OpusEncoder()
        self._pace = Pace(BLOCK_SAMPLES / SAMPLE_RATE)
        self._first_sample: int | None = None
        self.late_s = 0.0
        self.sent_bytes = 0

    async def recv(self) -> "Packet[AudioStream]":
        """The next block's packet, when it is due. Raises MediaStreamError once the track is stopped."""
        ticks = await self._pace.tick() * BLOCK_SAMPLES
        if self.readyState != "live":
            raise MediaStreamError
        if self._first_sample is None:
            self._first_sample = round(self._clock().timestamp() * SAMPLE_RATE)
        packet = self._encoder.encode(self._voice.block(self._first_sample + ticks), ticks)
        self.late_s = self._pace.late_s
        self.sent_bytes += packet.size
        return packet
