"""Silence in the holes of a piece's sound: whatever is missing, both containers play through with FFmpeg."""

import io
from functools import cache
from itertools import pairwise

import av
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from capture.errors import BadPayload
from capture.media import mux, opus, silence
from capture.media.frames import Codec
from capture.media.piece import Piece, Sample, VideoConfig
from tests.support.decoded import seconds
from tests.support.examples import examples
from tests.unit.capture.media.test_mux import pieces_of

pytestmark = pytest.mark.packet

PIECE_MS = 4_000
TICKS = PIECE_MS * silence.AUDIO_TICKS_PER_MS
PACKET_TICKS = 960
TOLERANCE_S = 0.005
Stretches = list[tuple[int, int]]


@cache
def whole_piece(codec: Codec) -> Piece:
    return pieces_of(codec, with_sound=True)[0]


def with_holes(codec: Codec, holes: Stretches) -> Piece:
    """The piece without the packets that touch one of the `holes`, each a start and a length in ms."""
    piece = whole_piece(codec)
    spans = [(at * 48, (at + length) * 48) for at, length in holes]
    kept = [
        sample
        for sample in piece.audio
        if not any(start < sample.ticks + PACKET_TICKS and sample.ticks < end for start, end in spans)
    ]
    return Piece(piece.start_unix_ms, piece.duration_ms, piece.config, piece.video, tuple(kept), True)


def without_picture(piece: Piece) -> Piece:
    container = piece.video_codec
    return Piece(piece.start_unix_ms, piece.duration_ms, None, (), piece.audio, container=container)


def read(piece: Piece) -> tuple[list[tuple[float, bytes]], list[tuple[float, bytes]], int]:
    """Sound packets and pictures, each with its time in seconds, and how many pictures decoded.

    Fails where FFmpeg meets an error."""
    found: dict[str, list[tuple[float, bytes]]] = {"audio": [], "video": []}
    shown = heard = expected = 0
    with av.open(io.BytesIO(mux.write(piece)), "r") as container:
        for stream in container.streams:
            stream.codec_context.options = {"err_detect": "explode"}
        for packet in container.demux():
            if packet.size:
                found[packet.stream.type].append((seconds(packet), bytes(packet)))
                if packet.stream.type == "audio":
                    expected += opus.duration_ticks(bytes(packet))
            for frame in packet.decode():
                shown += isinstance(frame, av.VideoFrame)
                heard += frame.samples if isinstance(frame, av.AudioFrame) else 0
    assert heard == expected
    return found["audio"], found["video"], shown


def silent_for(sound: list[tuple[float, bytes]], until_s: float) -> float:
    """The longest time in which no packet sounds, from the piece's start to `until_s`."""
    at = longest = 0.0
    for time, data in [*sound, (until_s, b"")]:
        longest = max(longest, time - at)
        at = max(at, time + opus.duration_ticks(data) / 48_000 if data else 0)
    return longest


holes = st.lists(st.tuples(st.integers(0, PIECE_MS), st.integers(1, PIECE_MS)), max_size=5)
codecs = st.sampled_from([Codec.H264, Codec.VP8])


@settings(max_examples=examples(60))
@given(codecs, holes, st.booleans())
@example(Codec.H264, [(0, PIECE_MS)], True)
@example(Codec.VP8, [(0, PIECE_MS)], False)
def test_sound_goes_on_through_every_hole(codec: Codec, missing: Stretches, picture: bool) -> None:
    """Every packet of the file decodes, sound covers the piece, what was sent keeps its time and bytes."""
    piece = with_holes(codec, missing)
    sound, video, shown = read(piece if picture else without_picture(piece))
    assert silent_for(sound, PIECE_MS / 1000) < TOLERANCE_S
    true = iter(piece.audio)
    wanted = next(true, None)
    for time, data in sound:
        if wanted is not None and data == wanted.data and abs(time - wanted.ticks / 48_000) <= 0.001:
            wanted = next(true, None)
        else:
            assert data in [packet for _, packet in silence._SILENT]
    assert wanted is None
    if picture:
        _, untouched, _ = read(with_holes(codec, []))
        assert video == untouched
    assert shown == (len(piece.video) if picture else 0)


@settings(max_examples=examples(60))
@given(
    codecs, st.lists(st.integers(1, 4 * PACKET_TICKS), min_size=1, max_size=80), st.integers(0, TICKS // 2)
)
def test_packets_nearer_than_they_last_break_nothing(codec: Codec, steps: list[int], first: int) -> None:
    """A clock that ran wrong puts packets over one another: all stay, at their times, and decode."""
    data = [sample.data for sample in whole_piece(codec).audio]
    ticks = [first]
    for step in steps:
        ticks.append(ticks[-1] + step)
    given = tuple(Sample(at, packet) for at, packet in zip(ticks, data, strict=False) if at < TICKS)
    piece = whole_piece(codec)
    sound, _, shown = read(Piece(0, PIECE_MS, piece.config, piece.video, given))
    assert shown == len(piece.video)
    kept = [(time, packet) for time, packet in sound if packet in {sample.data for sample in given}]
    assert [packet for _, packet in kept] == [sample.data for sample in given]
    assert [time for time, _ in kept] == pytest.approx([s.ticks / 48_000 for s in given], abs=0.001)


@given(st.lists(st.tuples(st.integers(1, 9_000), st.sampled_from([b"\xf8", b"\xe0", b"\x18"])), max_size=40))
def test_a_hole_is_filled_to_within_the_shortest_packet(steps: list[tuple[int, bytes]]) -> None:
    """Times ascend, silence overlaps nothing, and only what is shorter than a named limit stays open."""
    at, given = 0, []
    for step, packet in steps:
        at += step
        given.append(Sample(at, packet))
    duration_ms = at // silence.AUDIO_TICKS_PER_MS + 1_000
    samples = silence.whole(given, duration_ms)
    assert all(one.ticks < other.ticks for one, other in pairwise(samples))
    true = set(map(id, given))
    assert [sample for sample in samples if id(sample) in true] == given
    covered = 0
    for sample in samples:
        hole = sample.ticks - covered
        if id(sample) in true:
            before = hole < opus.duration_ticks(sample.data) and sample is given[0]
            assert hole < silence.HOLE_TICKS_MIN or before
        else:
            assert hole <= 0 or covered == 0
            assert sample.ticks >= covered
        covered = max(covered, sample.ticks + opus.duration_ticks(sample.data))
    assert 0 <= duration_ms * silence.AUDIO_TICKS_PER_MS - covered < silence.HOLE_TICKS_MIN


def test_the_last_packet_of_the_piece_before_may_sound_into_this_one() -> None:
    """Pieces are cut at pictures, so their first packet begins up to its length later: silence there would
    cut off what still sounds."""
    samples = silence.whole([Sample(900, b"\xf8")], 20)
    assert [sample.ticks for sample in samples] == [900]
    assert silence.whole([Sample(960, b"\xf8")], 20)[0].ticks == 0


def test_what_is_no_packet_is_refused() -> None:
    """An empty packet has no length, so nothing can be said of the hole after it."""
    with pytest.raises(BadPayload):
        silence.whole([Sample(0, b"")], 20)


@pytest.mark.parametrize(
    ("codec", "expected"),
    [(Codec.H264, 'audio/mp4; codecs="opus"'), (Codec.VP8, 'audio/webm; codecs="opus"')],
)
def test_a_piece_without_picture_is_a_file_of_sound(codec: Codec, expected: str) -> None:
    """One track, in the format of the stream's codec, as long as the piece; also when nothing was heard."""
    none: VideoConfig | None = None
    for audio in (whole_piece(codec).audio, ()):
        piece = Piece(0, PIECE_MS, none, (), audio, container=codec)
        assert piece.media_type == expected
        with av.open(io.BytesIO(mux.write(piece)), "r") as container:
            assert [stream.type for stream in container.streams] == ["audio"]
            assert ("mp4" if codec is Codec.H264 else "webm") in container.format.name
            assert container.duration is not None
            assert container.duration / 1000 == pytest.approx(PIECE_MS, abs=30)
        sound, _, _ = read(piece)
        assert silent_for(sound, PIECE_MS / 1000) < TOLERANCE_S
