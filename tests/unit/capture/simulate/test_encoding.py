"""The encoders give one packet for one frame, keyframes only when asked, and stay light."""

import numpy as np
import pytest

from capture.simulate.devices import DEVICES
from capture.simulate.encoding import Codec, OpusEncoder, VideoEncoder
from capture.simulate.sound import BLOCK_SAMPLES, Voice
from proctoring.exams.model import Stream

START_MS = 1_795_000_000_000


@pytest.mark.parametrize("codec", ["H264", "VP8"])
@pytest.mark.parametrize("stream", list(Stream))
def test_keyframes_come_when_asked_and_only_then(stream: Stream, codec: Codec) -> None:
    """Ten seconds with three keyframes asked for hold exactly those, under the stream's promised bit rate."""
    device = DEVICES[stream]
    scene, shape = device.scene(0), device.shape
    encoder = VideoEncoder(codec, shape)
    frames, asked = 10 * shape.frames_per_s, {0, 17, 40}
    packets = [
        encoder.encode(
            scene.draw(START_MS + n * 1000 // shape.frames_per_s),
            n * 90_000 // shape.frames_per_s,
            n in asked,
        )
        for n in range(frames)
    ]
    assert {n for n, packet in enumerate(packets) if packet.is_keyframe} == asked
    assert [packet.pts for packet in packets] == [n * 90_000 // shape.frames_per_s for n in range(frames)]
    assert sum(packet.size for packet in packets) * 8 < 1.25 * 10 * shape.bits_per_s


def test_h264_keyframes_carry_their_parameters() -> None:
    """Every H.264 keyframe begins with SPS and PPS, so that a recording may begin at it."""
    device = DEVICES[Stream.PHONE]
    scene, encoder = device.scene(0), VideoEncoder("H264", device.shape)
    for number in range(6):
        data = bytes(encoder.encode(scene.draw(START_MS), number * 9000, number % 3 == 0))
        kinds = {data[at + 3] & 0x1F for at in range(len(data) - 4) if data[at : at + 3] == b"\0\0\1"}
        assert ({7, 8, 5} <= kinds) == (number % 3 == 0)


def test_sound_takes_one_packet_for_each_block() -> None:
    """From the first block on, every 20 ms of sound is one Opus packet with the block's own time."""
    voice, encoder = Voice(0), OpusEncoder()
    for number in range(100):
        packet = encoder.encode(voice.block(number * BLOCK_SAMPLES), number * BLOCK_SAMPLES)
        assert packet.pts == number * BLOCK_SAMPLES
        assert 0 < packet.size < 400
    with pytest.raises(AssertionError):
        encoder.encode(np.zeros(100, np.int16), 0)
