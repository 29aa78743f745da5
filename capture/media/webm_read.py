"""Reads a WebM file that a browser recorded (RFC 8794, RFC 9559): VP8 and Opus, without decoding.

The input is a stranger's. Every length is checked against the bytes that exist, no reference is followed, and
unneeded elements are skipped. As with live media, a frame that cannot be stored costs only that frame. A
picture that cannot be shown leaves the sound, and a truncated file yields what came before.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from capture.errors import BadPayload
from capture.media import opus, vp8
from capture.media.frames import AUDIO_CLOCK
from capture.media.piece import TICKS_PER_MS, Sample, Vp8Config
from proctoring.recordings.model import EndCause

BACK_MS_MAX = 1_000  # a frame whose time goes back by less is put after the one before it
FRAMES_MAX = 20_000
SCALE_NS = 1_000_000  # what every browser writes: times in milliseconds
_EBML, _DOC_TYPE = 0x1A45DFA3, 0x4282
_SEGMENT, _INFO, _SCALE, _TRACKS, _TRACK, _CLUSTER = (
    0x18538067, 0x1549A966, 0x2AD7B1, 0x1654AE6B, 0xAE, 0x1F43B675,
)  # fmt: skip
_TRACK_NUMBER, _CODEC, _TIME, _SIMPLE, _GROUP, _BLOCK = 0xD7, 0x86, 0xE7, 0xA3, 0xA0, 0xA1
_OPEN_ENDED = frozenset({_SEGMENT, _CLUSTER})  # what a live writer may leave without a length
_VIDEO_CODEC, _AUDIO_CODEC = b"V_VP8", b"A_OPUS"


class _CutShort(BadPayload):
    """The file ends within an element."""


@dataclass(slots=True)
class Recorded:
    """The content of a file, both lists in time order, in their own clock rates. It starts at the first
    keyframe, with which video begins, or at the first packet of sound where no picture can be shown.

    There is no `config` then, and `no_picture` says why. `no_sound` says why a file that declares sound holds
    none; it is None too where no sound is declared.
    """

    config: Vp8Config | None
    video: list[Sample]
    audio: list[Sample]
    no_picture: EndCause | None = None
    no_sound: EndCause | None = None


@dataclass(slots=True)
class _Reader:
    tracks: dict[int, bytes] = field(default_factory=dict)
    strange: list[bytes] = field(default_factory=list)  # codecs that are not stored
    frames: list[tuple[int, int, bytes]] = field(default_factory=list)  # track, milliseconds, data
    cluster_ms: int | None = None


def read(data: bytes) -> Recorded:
    """Raises BadPayload, saying what is wrong with the file."""
    reader = _Reader()
    elements = _elements(data, 0, len(data))
    identifier, begin, end = next(elements, (0, 0, 0))
    doc_type = {key: data[a:b] for key, a, b in _elements(data, begin, end)} if identifier == _EBML else {}
    if doc_type.get(_DOC_TYPE, b"").rstrip(b"\0") != b"webm":
        raise BadPayload("This is no WebM file.")
    try:
        for identifier, begin, end in elements:
            if identifier == _SEGMENT:
                _segment(reader, data, begin, end)
    except _CutShort:
        if not reader.frames:
            raise
    return _recorded(reader)


def _segment(reader: _Reader, data: bytes, begin: int, end: int) -> None:
    """Level 1 and what is below, in one pass. An element without a length ends where its parent does, so that
    clusters of a live writer follow one another like its children."""
    for identifier, a, b in _elements(data, begin, end):
        if identifier == _CLUSTER:
            reader.cluster_ms = None
            _segment(reader, data, a, b)
        elif identifier == _TIME:
            reader.cluster_ms = _integer(data, a, b)
        elif identifier == _SIMPLE:
            _frame(reader, data[a:b])
        elif identifier == _GROUP:
            for inner, c, d in _elements(data, a, b):
                if inner == _BLOCK:
                    _frame(reader, data[c:d])
        elif identifier == _INFO:
            for inner, c, d in _elements(data, a, b):
                if inner == _SCALE and _integer(data, c, d) != SCALE_NS:
                    raise BadPayload("The file's times are not in milliseconds.")
        elif identifier == _TRACKS:
            for inner, c, d in _elements(data, a, b):
                if inner == _TRACK:
                    _track(reader, data, c, d)


def _track(reader: _Reader, data: bytes, begin: int, end: int) -> None:
    found = {identifier: (a, b) for identifier, a, b in _elements(data, begin, end)}
    if _TRACK_NUMBER not in found or _CODEC not in found:
        raise BadPayload("A track of the file lacks its number or its codec.")
    codec = data[slice(*found[_CODEC])].rstrip(b"\0")
    if codec not in (_VIDEO_CODEC, _AUDIO_CODEC) or codec in reader.tracks.values():
        reader.strange.append(codec)
    else:
        reader.tracks[_integer(data, *found[_TRACK_NUMBER])] = codec


def _frame(reader: _Reader, block: bytes) -> None:
    if len(block) < 5 or not block[0] & 0x80:
        raise BadPayload("A block of the file is cut short.")
    relative, flags = struct.unpack_from(">hB", block, 1)
    if reader.cluster_ms is None or flags & 0x06:
        raise BadPayload("A block of the file has no time, or is laced.")
    if len(reader.frames) >= FRAMES_MAX:
        raise BadPayload("The file holds too many frames.")
    reader.frames.append((block[0] & 0x7F, reader.cluster_ms + relative, block[4:]))


def _recorded(reader: _Reader) -> Recorded:
    frames = [(reader.tracks[track], ms, data) for track, ms, data in reader.frames if track in reader.tracks]
    zero_ms = next((ms for codec, ms, data in frames if codec == _VIDEO_CODEC and _config(data)), None)
    if zero_ms is None:
        return _sound_alone(reader, frames)
    config: Vp8Config | None = None
    video: list[Sample] = []
    for codec, ms, data in frames:
        if codec == _VIDEO_CODEC and ms >= zero_ms:
            config = config or _config(data)
            if config is not None:
                at = (ms - zero_ms) * TICKS_PER_MS
                _append(video, Sample(at, data, vp8.is_keyframe(data)), TICKS_PER_MS)
    audio = _sound(frames, zero_ms)
    return Recorded(config, video, audio, no_sound=None if audio else _why_no_sound(reader))


def _sound_alone(reader: _Reader, frames: list[tuple[bytes, int, bytes]]) -> Recorded:
    zero_ms = next((ms for codec, ms, data in frames if codec == _AUDIO_CODEC and _is_opus(data)), None)
    if zero_ms is None:
        if reader.strange:
            raise BadPayload("The file holds something else than VP8 and Opus.")
        raise BadPayload("The file holds no picture that can be decoded alone, and no sound.")
    why = EndCause.DEVICE_LOST
    if any(codec.startswith(b"V_") for codec in reader.strange):
        why = EndCause.NOT_STORABLE
    for codec, _, data in frames:
        if codec == _VIDEO_CODEC and why is not EndCause.NOT_STORABLE:
            why = EndCause.NOT_STORABLE if vp8.is_keyframe(data) else EndCause.NO_KEYFRAME
    return Recorded(None, [], _sound(frames, zero_ms), no_picture=why)


def _sound(frames: list[tuple[bytes, int, bytes]], zero_ms: int) -> list[Sample]:
    audio: list[Sample] = []
    for codec, ms, data in frames:
        if codec == _AUDIO_CODEC and ms >= zero_ms and _is_opus(data):
            _append(audio, Sample((ms - zero_ms) * (AUDIO_CLOCK // 1000), data), 1)
    return audio


def _why_no_sound(reader: _Reader) -> EndCause | None:
    if any(codec.startswith(b"A_") for codec in reader.strange):
        return EndCause.NOT_STORABLE
    return EndCause.SOUND_MISSING if _AUDIO_CODEC in reader.tracks.values() else None


def _config(picture: bytes) -> Vp8Config | None:
    """The size of a keyframe that can be stored; None for any other picture."""
    try:
        return Vp8Config(*vp8.dimensions(picture))
    except BadPayload:
        return None


def _is_opus(packet: bytes) -> bool:
    try:
        return opus.duration_ticks(packet) > 0
    except BadPayload:
        return False


def _append(samples: list[Sample], sample: Sample, step: int) -> None:
    """Two frames of one millisecond are put one after the other; time never goes back."""
    least = samples[-1].ticks + step if samples else 0
    ticks_per_ms = TICKS_PER_MS if step == TICKS_PER_MS else AUDIO_CLOCK // 1000
    if least - sample.ticks > BACK_MS_MAX * ticks_per_ms:
        raise BadPayload("The file's times go back.")
    samples.append(Sample(max(sample.ticks, least), sample.data, sample.keyframe))


def _elements(data: bytes, begin: int, end: int) -> Iterator[tuple[int, int, int]]:
    """(identifier, where its content begins, where it ends) of every element from `begin` to `end`."""
    at = begin
    while at < end:
        identifier, at = _variable(data, at, end, marked=True)
        length, at = _variable(data, at, end, marked=False)
        if length is None:
            if identifier not in _OPEN_ENDED:
                raise BadPayload("An element of the file has no length.")
            length = end - at
        if at + length > end and identifier in _OPEN_ENDED:
            length = end - at  # whatever it holds is read up to the end
        if identifier is None or at + length > end:
            raise _CutShort("The file is cut short.")
        yield identifier, at, at + length
        at += length


def _variable(data: bytes, at: int, end: int, *, marked: bool) -> tuple[int | None, int]:
    """A variable-size integer (RFC 8794 section 4), None for its all-ones form; where the next byte is."""
    if at >= end:
        raise _CutShort("The file is cut short.")
    if not data[at]:
        raise BadPayload("The file is cut short or is no EBML.")
    size = 9 - data[at].bit_length()
    if at + size > end:
        raise _CutShort("The file is cut short.")
    value = int.from_bytes(data[at : at + size], "big")
    if marked:
        return value, at + size
    value -= 1 << 7 * size
    return (None if value == (1 << 7 * size) - 1 else value), at + size


def _integer(data: bytes, begin: int, end: int) -> int:
    if not 0 < end - begin <= 8:
        raise BadPayload("A number of the file has no length that a number may have.")
    return int.from_bytes(data[begin:end], "big")
