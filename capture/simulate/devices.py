"""Scene, size and sound of each stream of a simulated candidate."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from capture.simulate import phone_scene, screen_scene, webcam_scene
from capture.simulate.absence import HERE
from capture.simulate.encoding import Codec, VideoEncoder, VideoShape
from capture.simulate.sound import Voice
from capture.simulate.tracks import AudioTrack, Scene, VideoTrack
from proctoring.clock import Clock
from proctoring.exams.model import Stream


@dataclass(frozen=True, slots=True)
class Device:
    """What a stream is filmed with. `loudness` None: it has no sound."""

    scene: Callable[..., Scene]
    shape: VideoShape
    loudness: float | None

    def video(self, number: int, codec: Codec, clock: Clock, away: range = HERE) -> VideoTrack:
        """Candidate `number`'s camera, switched on. Draws the scene's still parts: up to a second of work."""
        scene = self.scene(number, away)
        return VideoTrack(scene, VideoEncoder(codec, self.shape), self.shape.frames_per_s, clock)

    def audio(self, number: int, clock: Clock) -> AudioTrack | None:
        """Candidate `number`'s microphone, or None where the stream has none."""
        return None if self.loudness is None else AudioTrack(Voice(number, self.loudness), clock)


DEVICES: Mapping[Stream, Device] = {
    Stream.WEBCAM: Device(
        webcam_scene.WebcamScene,
        VideoShape(webcam_scene.WIDTH, webcam_scene.HEIGHT, webcam_scene.RATE, 500_000),
        loudness=1.0,
    ),
    Stream.PHONE: Device(
        phone_scene.PhoneScene,
        VideoShape(phone_scene.WIDTH, phone_scene.HEIGHT, phone_scene.RATE, 350_000),
        loudness=0.45,
    ),
    Stream.SCREEN: Device(
        screen_scene.ScreenScene,
        VideoShape(screen_scene.WIDTH, screen_scene.HEIGHT, screen_scene.RATE, 400_000),
        loudness=None,
    ),
}
