"""Cuts a file that a page recorded to the stretch in which something is missing. Pure.

A picture can be decoded only with those before it, back to a keyframe. Those that lie before the stretch are
kept, each for the millisecond that the container needs to tell them apart, so that the stretch is whole from
its first instant on.
"""

from capture.media.frames import AUDIO_CLOCK
from capture.media.piece import TICKS_PER_MS, Piece, Sample
from capture.media.webm_read import Recorded
from proctoring.recordings.spans import Span

AUDIO_TICKS_PER_MS = AUDIO_CLOCK // 1000


def cut(recorded: Recorded, start_unix_ms: int, stretch: Span) -> Piece | None:
    """The piece for `stretch` (Unix milliseconds) of a file whose zero is `start_unix_ms`; None when it
    has no picture for it. The last one shows until the end of the stretch."""
    begin, end = (at - start_unix_ms for at in (stretch.start_ms, stretch.end_ms))
    video = recorded.video
    keys = [at for at, sample in enumerate(video) if sample.keyframe and sample.ticks <= begin * TICKS_PER_MS]
    pictures: list[Sample] = []
    for sample in video[keys[-1] if keys else 0 :]:
        if sample.ticks >= end * TICKS_PER_MS:
            break
        least = pictures[-1].ticks + TICKS_PER_MS if pictures else 0
        ticks = max(sample.ticks - begin * TICKS_PER_MS, least) if pictures else 0
        pictures.append(Sample(ticks, sample.data, sample.keyframe))
    if not pictures or pictures[-1].ticks >= stretch.length_ms * TICKS_PER_MS:
        return None
    sound = tuple(
        Sample(sample.ticks - begin * AUDIO_TICKS_PER_MS, sample.data)
        for sample in recorded.audio
        if begin <= sample.ticks / AUDIO_TICKS_PER_MS < end
    )
    has_sound = bool(recorded.audio)
    return Piece(
        stretch.start_ms, stretch.length_ms, recorded.config, tuple(pictures), sound, audio_track=has_sound
    )
