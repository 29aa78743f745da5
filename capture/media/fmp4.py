"""Writes a piece as fragmented MP4 (ISO/IEC 14496-12, -15; Opus in ISOBMFF): one moov, one moof, one mdat.

Media Source Extensions take it as an initialization and a media segment in one append; players open it as a
file. Parameter sets are in avcC, not among the pictures, as `avc1` demands.
"""

import struct
from collections.abc import Sequence
from typing import Final

from capture.media import h264, opus, silence
from capture.media.frames import AUDIO_CLOCK, VIDEO_CLOCK
from capture.media.h264 import H264Config
from capture.media.piece import Piece, Sample

MOVIE_TIMESCALE: Final = 1000
VIDEO: Final = 1
AUDIO: Final = 2
_DELIMITERS: Final = frozenset({h264.DELIMITER})
_OUT_OF_BAND: Final = frozenset({h264.SPS, h264.PPS, h264.DELIMITER})
_MATRIX: Final = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_KEY_FLAGS: Final = 0x0200_0000  # depends on nothing
_DELTA_FLAGS: Final = 0x0101_0000  # depends on others, is no sync sample
_TRUN_FLAGS: Final = 0x0001 | 0x0100 | 0x0200 | 0x0400  # data offset; per sample: duration, size, flags
_TRUN_LATER: Final = 0x0800  # and how much later it is shown than decoded


def write(piece: Piece) -> bytes:
    """A complete file, playable alone, timestamps from 0. The piece's config must be H264Config or None."""
    assert piece.config is None or isinstance(piece.config, H264Config)
    tracks: list[tuple[int, list[Sample], int]] = []
    if piece.config is not None:
        video = _without_parameter_sets(piece.video, piece.config)
        tracks.append((VIDEO, video, piece.video_end_ticks))
    if piece.has_audio_track and (sound := silence.whole(piece.audio, piece.duration_ms)):
        tracks.append((AUDIO, sound, sound[-1].ticks + opus.duration_ticks(sound[-1].data)))
    ftyp = _box("ftyp", b"iso5", _u32(0x200), b"iso5iso6mp41")
    size = len(_moof(tracks, 0))
    moof = _moof(tracks, size + 8)
    mdat = _box("mdat", *(sample.data for _, samples, _ in tracks for sample in samples))
    return ftyp + _moov(piece) + moof + mdat


def _without_parameter_sets(video: Sequence[Sample], config: H264Config) -> list[Sample]:
    """The pictures without the parameter sets that avcC has, up to the first set that it does not have. From
    there on all sets stay, since each replaces the one before."""
    kept: list[Sample] = []
    all_stay = False
    for sample in video:
        nals = list(h264.split(sample.data))
        all_stay = all_stay or any(
            h264.is_set(nal) and nal not in config.sps and nal not in config.pps for nal in nals
        )
        out_of_band = _DELIMITERS if all_stay else _OUT_OF_BAND
        data = h264.length_prefixed([nal for nal in nals if h264.nal_type(nal) not in out_of_band])
        kept.append(Sample(sample.ticks, data, sample.keyframe))
    return kept


def _moov(piece: Piece) -> bytes:
    header = _full(
        "mvhd", 0, 0, _u32(0, 0, MOVIE_TIMESCALE, 0, 0x10000), struct.pack(">H", 0x100), bytes(10), _MATRIX,
        bytes(24), _u32(3),
    )  # fmt: skip
    extends = [_full("mehd", 0, 0, _u32(piece.duration_ms))]
    tracks = []
    if isinstance(piece.config, H264Config):
        extends.append(_full("trex", 0, 0, _u32(VIDEO, 1, 0, 0, 0)))
        tracks.append(_video_track(piece.config))
    if piece.has_audio_track:
        extends.append(_full("trex", 0, 0, _u32(AUDIO, 1, 0, 0, 0)))
        tracks.append(_audio_track())
    return _box("moov", header, *tracks, _box("mvex", *extends))


def _video_track(config: H264Config) -> bytes:
    entry = _box(
        "avc1", bytes(6), struct.pack(">H", 1), bytes(16), struct.pack(">HH", config.width, config.height),
        _u32(0x480000, 0x480000, 0), struct.pack(">H", 1), bytes(32), struct.pack(">Hh", 24, -1),
        _avcc(config),
    )  # fmt: skip
    media = _full("vmhd", 0, 1, bytes(8))
    size = (config.width << 16, config.height << 16)
    return _track(VIDEO, "vide", VIDEO_CLOCK, media, entry, volume=0, size=size)


def _audio_track() -> bytes:
    specific = _box("dOps", struct.pack(">BBHIhB", 0, opus.CHANNELS, 0, AUDIO_CLOCK, 0, 0))
    entry = _box(
        "Opus", bytes(6), struct.pack(">H", 1), bytes(8), struct.pack(">HHHH", opus.CHANNELS, 16, 0, 0),
        _u32(AUDIO_CLOCK << 16), specific,
    )  # fmt: skip
    return _track(AUDIO, "soun", AUDIO_CLOCK, _full("smhd", 0, 0, bytes(4)), entry, volume=0x100, size=(0, 0))


def _avcc(config: H264Config) -> bytes:
    """AVCDecoderConfigurationRecord (ISO/IEC 14496-15 section 5.3.3.1)."""
    sps = config.sps[0]
    record = bytes((1, sps[1], sps[2], sps[3], 0xFF, 0xE0 | len(config.sps)))
    record += b"".join(_counted(nal) for nal in config.sps)
    record += bytes((len(config.pps),)) + b"".join(_counted(nal) for nal in config.pps)
    if sps[1] in (100, 110, 122, 144):
        chroma, luma_depth, chroma_depth = h264.sample_format(sps)
        record += bytes((0xFC | chroma, 0xF8 | luma_depth, 0xF8 | chroma_depth, 0))
    return _box("avcC", record)


def _counted(nal: bytes) -> bytes:
    return struct.pack(">H", len(nal)) + nal


def _track(
    number: int, handler: str, rate: int, media: bytes, entry: bytes, *, volume: int, size: tuple[int, int]
) -> bytes:
    """A trak whose sample tables are empty: all samples are in the fragment."""
    head = _full(
        "tkhd", 0, 3, _u32(0, 0, number, 0, 0), bytes(8), struct.pack(">hhHH", 0, 0, volume, 0), _MATRIX,
        _u32(*size),
    )  # fmt: skip
    tables = _box(
        "stbl",
        _full("stsd", 0, 0, _u32(1), entry),
        _full("stts", 0, 0, _u32(0)),
        _full("stsc", 0, 0, _u32(0)),
        _full("stsz", 0, 0, _u32(0, 0)),
        _full("stco", 0, 0, _u32(0)),
    )
    source = _box("dinf", _full("dref", 0, 0, _u32(1), _full("url ", 0, 1)))
    undetermined = struct.pack(">HH", 0x55C4, 0)  # language "und"
    return _box(
        "trak",
        head,
        _box(
            "mdia",
            _full("mdhd", 0, 0, _u32(0, 0, rate, 0), undetermined),
            _full("hdlr", 0, 0, bytes(4), handler.encode(), bytes(12), b"\x00"),
            _box("minf", media, source, tables),
        ),
    )


def _moof(tracks: Sequence[tuple[int, list[Sample], int]], data_offset: int) -> bytes:
    """The fragment's head; `data_offset` is the offset of the first sample from the moof's first byte."""
    fragments = []
    for number, samples, end_ticks in tracks:
        ticks = [*_decoding_ticks(samples), end_ticks]
        flags, rows = _TRUN_FLAGS, []
        for sample, at, later in zip(samples, ticks, ticks[1:], strict=False):
            kind = _KEY_FLAGS if sample.keyframe else _DELTA_FLAGS
            rows.append(struct.pack(">III", max(later - at, 1), len(sample.data), kind))
        later_ticks = [sample.ticks - at for sample, at in zip(samples, ticks, strict=False)]
        if any(later_ticks):
            flags |= _TRUN_LATER
            rows = [row + _u32(later) for row, later in zip(rows, later_ticks, strict=True)]
        fragments.append(
            _box(
                "traf",
                _full("tfhd", 0, 0x02_0000, _u32(number)),
                _full("tfdt", 1, 0, struct.pack(">Q", ticks[0])),
                _full("trun", 0, flags, _u32(len(samples)), struct.pack(">i", data_offset), *rows),
            )
        )
        data_offset += sum(len(sample.data) for sample in samples)
    return _box("moof", _full("mfhd", 0, 0, _u32(1)), *fragments)


def _decoding_ticks(samples: Sequence[Sample]) -> list[int]:
    """When each is decoded: when it is shown; where a later one is shown earlier (B-frames), just before
    that. None is shown earlier than its place in the list, so none is decoded before 0."""
    ticks = [sample.ticks for sample in samples]
    for place in range(len(ticks) - 2, -1, -1):
        if ticks[place] >= ticks[place + 1]:
            ticks[place] = ticks[place + 1] - 1
    return ticks


def _box(kind: str, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I4s", len(body) + 8, kind.encode("ascii")) + body


def _full(kind: str, version: int, flags: int, *content: bytes) -> bytes:
    return _box(kind, _u32(version << 24 | flags), *content)


def _u32(*values: int) -> bytes:
    return struct.pack(f">{len(values)}I", *values)
