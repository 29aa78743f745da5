"""The clocks of one take: that of its pictures and that of its sound, on one device."""

from typing import Final, final

from capture.clock.deviceclock import DeviceClock
from capture.clock.mediaclock import TrackClock
from capture.media.frames import AUDIO_CLOCK, VIDEO_CLOCK, Codec


@final
class TakeClocks:
    """`calm` is true once the first frames, which may have queued, have all come."""

    def __init__(self, device: DeviceClock) -> None:
        self.calm = True
        self.video: Final = TrackClock(VIDEO_CLOCK, device)
        self.audio: Final = TrackClock(AUDIO_CLOCK, device)

    def calm_down(self, video: bool, audio: bool) -> None:
        """Of which tracks the first frames have all come."""
        self.calm = self.calm or video or audio
        if video:
            self.video.calm()
        if audio:
            self.audio.calm()

    def report(self, codec: Codec, sender_us: int, ticks: int, arrival_ms: int) -> None:
        """Takes a sender report of one of the tracks; see `TrackClock.report`."""
        self._of(codec).report(sender_us, ticks, arrival_ms)

    def forget_reports(self, codec: Codec) -> None:
        """See `TrackClock.forget_reports`."""
        self._of(codec).forget_reports()

    def _of(self, codec: Codec) -> TrackClock:
        return self.video if codec.is_video else self.audio
