"""`python -m tests.support.ffmpeg_whip URL TOKEN SECONDS`: publishes a drawn picture and silence by FFmpeg's
WHIP muxer, which negotiates, encrypts and sends by itself, and blocks meanwhile."""

import sys
import time
from fractions import Fraction

import av
import numpy as np

WIDTH, HEIGHT, FRAMES_PER_S = 640, 480, 15
AUDIO_HZ, AUDIO_SAMPLES = 48_000, 960


def main(url: str, token: str, seconds: str) -> None:
    """Sends in real time, then says goodbye."""
    with av.open(url, "w", format="whip", options={"authorization": token}) as out:
        video = out.add_stream("libx264", rate=FRAMES_PER_S)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.profile = "Baseline"
        video.options = {"preset": "ultrafast", "tune": "zerolatency", "bf": "0", "g": str(2 * FRAMES_PER_S)}
        audio = out.add_stream("libopus", rate=AUDIO_HZ, layout="stereo")
        begun_s = time.monotonic()
        sounds = 0
        for number in range(int(float(seconds) * FRAMES_PER_S)):
            picture = np.full((HEIGHT * 3 // 2, WIDTH), number % 200, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, FRAMES_PER_S)
            out.mux(video.encode(frame))
            while sounds * AUDIO_SAMPLES * FRAMES_PER_S < number * AUDIO_HZ:
                sound = av.AudioFrame.from_ndarray(
                    np.zeros((1, 2 * AUDIO_SAMPLES), np.int16), format="s16", layout="stereo"
                )
                sound.sample_rate, sound.pts = AUDIO_HZ, sounds * AUDIO_SAMPLES
                out.mux(audio.encode(sound))
                sounds += 1
            time.sleep(max(0.0, begun_s + number / FRAMES_PER_S - time.monotonic()))


main(*sys.argv[1:])
