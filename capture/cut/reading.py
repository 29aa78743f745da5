"""Reads of pictures under which configuration they decode, and keeps the parameter sets that say so."""

from typing import Final, final

from capture.errors import BadPayload
from capture.media import h264, vp8
from capture.media.frames import Codec, EncodedFrame
from capture.media.h264 import ParameterSets
from capture.media.piece import VideoConfig, Vp8Config

_MAY_PRECEDE_SETS: Final = frozenset({h264.SPS, h264.PPS, h264.DELIMITER, h264.SEI})


@final
class Reading:
    """`sets` are the H.264 parameter sets that the offer brought; the stream may bring others."""

    def __init__(self, sets: tuple[bytes, ...]) -> None:
        self._sets = ParameterSets(sets)

    def config_of(self, frame: EncodedFrame) -> VideoConfig | None:
        """Under which configuration a keyframe decodes; None when it cannot, and for any other picture."""
        try:
            if frame.codec is Codec.VP8:
                return Vp8Config(*vp8.dimensions(frame.data)) if frame.keyframe else None
            if not frame.keyframe and frame.data[4] & 0x1F not in _MAY_PRECEDE_SETS:
                return None
            nals = list(h264.split(frame.data))
            self._sets.take(nals)
            if not frame.keyframe:
                return None
            return self._sets.config_for(next(nal for nal in nals if h264.nal_type(nal) == h264.IDR))
        except BadPayload:
            return None
