"""The two writers against FFmpeg: what goes in comes out, timed and decodable, from each piece alone."""

import io
from fractions import Fraction

import av
import numpy as np
import pytest

from capture.cut.segmenter import Segmenter
from capture.media import fmp4, h264, mux, webm
from capture.media.frames import Codec, EncodedFrame
from capture.media.h264 import H264Config
from capture.media.piece import Piece
from tests.support.decoded import seconds

pytestmark = pytest.mark.packet

RATE = 15
SECONDS = 9
START_MS = 1_800_000_000_000


def pictures(codec: Codec) -> list[EncodedFrame]:
    """Encoded moving pictures, a keyframe every two seconds, in the ingest's own form."""
    context = av.CodecContext.create("libx264" if codec is Codec.H264 else "libvpx", "w")
    context.width, context.height, context.pix_fmt = 320, 180, "yuv420p"
    context.time_base = Fraction(1, RATE)
    context.gop_size = 2 * RATE
    context.bit_rate = 300_000
    context.options = (
        {"tune": "zerolatency", "profile": "baseline", "sc_threshold": "0"}
        if codec is Codec.H264
        else {"deadline": "realtime", "lag-in-frames": "0"}
    )
    noise = np.random.default_rng(1)
    frames = []
    for number in range(RATE * SECONDS):
        image = noise.integers(0, 60, (180, 320, 3), np.uint8)
        image[:, (number * 7) % 300 :][:, :20] = 255
        frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv420p")
        frame.pts = number
        frames += context.encode(frame)
    out = []
    for packet in frames:
        assert packet.pts is not None
        ticks = packet.pts * 90_000 // RATE
        data = bytes(packet)
        if codec is Codec.H264:
            nals = data.replace(b"\x00\x00\x00\x01", b"\x00\x00\x01").split(b"\x00\x00\x01")
            data = h264.length_prefixed([nal for nal in nals if nal])
        out.append(EncodedFrame(codec, ticks, START_MS + ticks // 90, data, keyframe=packet.is_keyframe))
    return out


def sounds() -> list[EncodedFrame]:
    context = av.CodecContext.create("libopus", "w")
    context.sample_rate, context.layout, context.format = 48_000, "stereo", "s16"
    out: list[EncodedFrame] = []
    for number in range(SECONDS * 50):
        wave = (8000 * np.sin(np.arange(number * 960, number * 960 + 960) * 440 * 2 * np.pi / 48_000)).astype(
            np.int16
        )
        frame = av.AudioFrame.from_ndarray(np.repeat(wave, 2)[None, :], format="s16", layout="stereo")
        frame.sample_rate, frame.pts = 48_000, number * 960
        for packet in context.encode(frame):
            ticks = len(out) * 960
            out.append(EncodedFrame(Codec.OPUS, ticks, START_MS + ticks // 48, bytes(packet)))
    return out


def pieces_of(codec: Codec, with_sound: bool) -> list[Piece]:
    segmenter = Segmenter(expects_audio=with_sound)
    frames = sorted([*pictures(codec), *(sounds() if with_sound else [])], key=lambda frame: frame.arrival_ms)
    pieces = [piece for frame in frames for piece in segmenter.push(frame)]
    return pieces + segmenter.flush()


@pytest.mark.parametrize("with_sound", [True, False])
@pytest.mark.parametrize("codec", [Codec.H264, Codec.VP8])
def test_each_piece_plays_alone_and_holds_what_was_put_in(codec: Codec, with_sound: bool) -> None:
    """Container, codec, size, times, durations, keyframes and bytes come back; nothing fails to decode."""
    pieces = pieces_of(codec, with_sound)
    assert [piece.duration_ms for piece in pieces] == [4000, 4000, 1000]
    for piece in pieces:
        container = av.open(io.BytesIO(mux.write(piece)), "r")
        assert ("mp4" if codec is Codec.H264 else "webm") in container.format.name
        video = container.streams.video[0]
        video.codec_context.options = {"err_detect": "explode"}
        assert (video.codec_context.width, video.codec_context.height) == (320, 180)
        assert [stream.type for stream in container.streams] == ["video", "audio"][: 1 + with_sound]
        assert container.duration is not None
        assert container.duration / 1000 == pytest.approx(piece.duration_ms, abs=30)
        times: dict[str, list[float]] = {"video": [], "audio": []}
        content: dict[str, list[bytes]] = {"video": [], "audio": []}
        shown = heard = 0
        end = 0.0
        for packet in container.demux():
            if packet.size:
                kind = packet.stream.type
                times[kind].append(seconds(packet))
                content[kind].append(bytes(packet))
                if kind == "video":
                    assert packet.is_keyframe == piece.video[len(content[kind]) - 1].keyframe
                    assert packet.duration is not None
                    end = times[kind][-1] + float(packet.duration * packet.time_base)
            for frame in packet.decode():
                shown += isinstance(frame, av.VideoFrame)
                heard += frame.samples if isinstance(frame, av.AudioFrame) else 0
        assert shown == len(piece.video) == len(times["video"])
        assert heard == 960 * len(piece.audio)
        assert end == pytest.approx(piece.duration_ms / 1000, abs=0.001)
        assert times["video"] == pytest.approx([s.ticks / 90_000 for s in piece.video], abs=0.001)
        assert times["audio"] == pytest.approx([s.ticks / 48_000 for s in piece.audio], abs=0.001)
        assert content["audio"] == [sample.data for sample in piece.audio]
        if codec is Codec.VP8:
            assert content["video"] == [sample.data for sample in piece.video]


def test_parameter_sets_are_in_the_head_only() -> None:
    """`avc1` demands them in avcC; a picture that repeats them makes some players refuse the file."""
    piece = pieces_of(Codec.H264, with_sound=False)[0]
    data = fmp4.write(piece)
    head, _, media = data.partition(b"mdat")
    assert isinstance(piece.config, H264Config)
    for nal in (*piece.config.sps, *piece.config.pps):
        assert nal in head
        assert nal not in media


def test_only_keyframes_are_marked_as_places_to_seek_to() -> None:
    """FFmpeg looks into the pictures; browsers believe the sample flags of the fragment."""
    piece = pieces_of(Codec.H264, with_sound=False)[0]
    data = fmp4.write(piece)
    trun = data.index(b"trun") + 4
    count = int.from_bytes(data[trun + 4 : trun + 8], "big")
    rows = [data[trun + 12 + 12 * n :][:12] for n in range(count)]
    depends_on_others = [row[8] & 1 for row in rows]
    no_sync_sample = [row[9] & 1 for row in rows]
    assert depends_on_others == no_sync_sample == [not sample.keyframe for sample in piece.video]


def test_a_piece_that_is_briefly_silent_still_declares_its_sound() -> None:
    """All pieces of a take have the same tracks, or a player would refuse the odd one."""
    piece = pieces_of(Codec.VP8, with_sound=False)[0]
    silent = Piece(piece.start_unix_ms, piece.duration_ms, piece.config, piece.video, (), audio_track=True)
    container = av.open(io.BytesIO(webm.write(silent)), "r")
    assert len(container.streams.audio) == 1
    assert silent.media_type == 'video/webm; codecs="vp8,opus"'


def test_blocks_of_a_webm_never_go_back_in_time() -> None:
    """Across both tracks: Media Source Extensions refuse a cluster that does."""
    for piece in pieces_of(Codec.VP8, with_sound=True):
        container = av.open(io.BytesIO(webm.write(piece)), "r")
        times = [seconds(packet) for packet in container.demux() if packet.size]
        assert times == sorted(times)


def test_a_minute_in_one_webm_needs_several_clusters() -> None:
    """Block times are sixteen bits of milliseconds; a piece may be longer."""
    segmenter = Segmenter(expects_audio=False)
    for frame in pictures(Codec.VP8)[:2]:
        segmenter.push(frame)
    first = pictures(Codec.VP8)[0]
    later = [
        EncodedFrame(Codec.VP8, ticks, START_MS + ticks // 90, b"\x11\x00\x00later")
        for ticks in range(90_000, 55 * 90_000, 90_000)
    ]
    assert first.keyframe
    for frame in later:
        segmenter.push(EncodedFrame(frame.codec, frame.ticks, frame.arrival_ms, frame.data, keyframe=False))
    (piece,) = segmenter.flush()
    data = webm.write(piece)
    assert data.count(bytes.fromhex("1f43b675")) == 2
    container = av.open(io.BytesIO(data), "r")
    times = [seconds(packet) for packet in container.demux() if packet.size]
    assert times == pytest.approx([sample.ticks / 90_000 for sample in piece.video], abs=0.001)
