"""The container for a piece: fragmented MP4 for H.264, WebM for VP8, where each plays most widely."""

from capture.media import fmp4, webm
from capture.media.frames import Codec
from capture.media.piece import Piece


def write(piece: Piece) -> bytes:
    """The complete file for a piece, of the type that `piece.media_type` names."""
    return fmp4.write(piece) if piece.video_codec is Codec.H264 else webm.write(piece)
