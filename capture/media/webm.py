"""Writes a piece as WebM (RFC 8794, RFC 9559): VP8 and Opus, blocks in time order across both tracks.

Media Source Extensions refuse a cluster whose blocks go back in time, across tracks too; hence the one order.
The last picture carries its duration, so that a player knows where the file ends without a successor.
"""

import struct
from operator import itemgetter
from typing import Final

from capture.media import opus, silence
from capture.media.frames import AUDIO_CLOCK
from capture.media.piece import TICKS_PER_MS, Piece, Sample, VideoConfig

TIMESTAMP_SCALE_NS: Final = 1_000_000  # block times in milliseconds
CLUSTER_MS_MAX: Final = 30_000  # block times are 16 bits, signed, from the cluster's start
SEEK_PREROLL_NS: Final = 80_000_000  # RFC 7845 section 4.6
VIDEO: Final = 1
AUDIO: Final = 2
APP: Final = b"proctoring"

_BLOCK: Final = struct.Struct(">BIBhB")  # a SimpleBlock's head, its length always in four bytes

_EBML: Final = bytes.fromhex("1a45dfa3")
_SEGMENT: Final = bytes.fromhex("18538067")
_INFO: Final = bytes.fromhex("1549a966")
_TRACKS: Final = bytes.fromhex("1654ae6b")
_TRACK: Final = bytes.fromhex("ae")
_CLUSTER: Final = bytes.fromhex("1f43b675")


def write(piece: Piece) -> bytes:
    """A complete file, playable alone, timestamps from 0."""
    body = [_info(piece.duration_ms), _tracks(piece)]  # parts, copied together once only
    cluster: list[bytes] = []
    start_ms = 0
    last = piece.video[-1] if piece.video else None
    for ms, track, sample in _in_time_order(piece):
        if ms - start_ms > CLUSTER_MS_MAX:
            body += _cluster(start_ms, cluster)
            cluster, start_ms = [], ms
        if sample is last:
            duration_ms = max(piece.duration_ms - ms, 1)
            cluster.append(_last_picture(ms - start_ms, sample, duration_ms))
        else:
            head = _BLOCK.pack(
                0xA3, 0x1000_0004 + len(sample.data), 0x80 | track, ms - start_ms, 0x80 * sample.keyframe
            )
            cluster += (head, sample.data)
    body += _cluster(start_ms, cluster)
    return b"".join((_head(), _SEGMENT, _length(sum(map(len, body))), *body))


def _in_time_order(piece: Piece) -> list[tuple[int, int, Sample]]:
    """(milliseconds, track, sample), the picture first where both fall together."""
    # Samples of a track ascend and the sort is stable, so where milliseconds are alike, this order stays.
    blocks = [(sample.ticks // TICKS_PER_MS, VIDEO, sample) for sample in piece.video]
    if piece.has_audio_track:
        sound = silence.whole(piece.audio, piece.duration_ms)
        blocks += [(sample.ticks * 1000 // AUDIO_CLOCK, AUDIO, sample) for sample in sound]
    blocks.sort(key=itemgetter(0))
    return blocks


def _head() -> bytes:
    return _element(
        _EBML,
        _number("4286", 1)
        + _number("42f7", 1)
        + _number("42f2", 4)
        + _number("42f3", 8)
        + _element(bytes.fromhex("4282"), b"webm")
        + _number("4287", 4)
        + _number("4285", 2),
    )


def _info(duration_ms: int) -> bytes:
    return _element(
        _INFO,
        _number("2ad7b1", TIMESTAMP_SCALE_NS)
        + _element(bytes.fromhex("4489"), struct.pack(">d", duration_ms))
        + _element(bytes.fromhex("4d80"), APP)
        + _element(bytes.fromhex("5741"), APP),
    )


def _tracks(piece: Piece) -> bytes:
    tracks = b"" if piece.config is None else _video_track(piece.config)
    if piece.has_audio_track:
        # The stream was cut anywhere, so no samples precede it that would have to be skipped.
        head = b"OpusHead" + struct.pack("<BBHIhB", 1, opus.CHANNELS, 0, AUDIO_CLOCK, 0, 0)
        sound = _element(b"\xb5", struct.pack(">d", AUDIO_CLOCK)) + _number("9f", opus.CHANNELS)
        tracks += _element(
            _TRACK,
            _track_head(AUDIO, 2)
            + _element(b"\x86", b"A_OPUS")
            + _number("56aa", 0)
            + _number("56bb", SEEK_PREROLL_NS)
            + _element(bytes.fromhex("63a2"), head)
            + _element(b"\xe1", sound),
        )
    return _element(_TRACKS, tracks)


def _video_track(config: VideoConfig) -> bytes:
    size = _number("b0", config.width) + _number("ba", config.height)
    return _element(
        _TRACK,
        _track_head(VIDEO, 1) + _element(b"\x86", b"V_VP8") + _element(b"\xe0", size),
    )


def _track_head(number: int, kind: int) -> bytes:
    return _number("d7", number) + _number("73c5", number) + _number("83", kind) + _number("9c", 0)


def _cluster(start_ms: int, blocks: list[bytes]) -> list[bytes]:
    start = _number("e7", start_ms)
    return [_CLUSTER, _length(len(start) + sum(map(len, blocks))), start, *blocks]


def _last_picture(relative_ms: int, sample: Sample, duration_ms: int) -> bytes:
    """A BlockGroup, the only form that carries a duration."""
    group = _element(b"\xa1", _block(VIDEO, relative_ms, 0, sample.data)) + _number("9b", duration_ms)
    if not sample.keyframe:
        group += _element(b"\xfb", b"\xff")  # a reference into the past: this is no keyframe
    return _element(b"\xa0", group)


def _block(track: int, relative_ms: int, flags: int, data: bytes) -> bytes:
    return struct.pack(">BhB", 0x80 | track, relative_ms, flags) + data


def _number(identifier: str, value: int) -> bytes:
    return _element(bytes.fromhex(identifier), value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big"))


def _element(identifier: bytes, content: bytes) -> bytes:
    return identifier + _length(len(content)) + content


def _length(value: int) -> bytes:
    """A variable-size integer (RFC 8794 section 4); the all-ones form is kept free, it means unknown."""
    size = ((value + 1).bit_length() + 6) // 7
    return (1 << 7 * size | value).to_bytes(size, "big")
