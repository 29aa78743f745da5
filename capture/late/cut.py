"""Cuts a file that a page recorded to the stretch in which something is missing. Pure.

A picture can be decoded only with the pictures before it, back to a keyframe. Those from before the stretch
are kept, each for the one millisecond that the container needs to tell them apart. So the stretch is whole
from its first instant on. Sound is stored with its pictures or without, and a missing part of either is
noted, as with live media.
"""

from capture.cut.open_piece import LAST_FRAME_MS
from capture.cut.segmenter import STALL_MS
from capture.cut.sound import MISSING_MS_MIN
from capture.media import opus
from capture.media.frames import AUDIO_CLOCK
from capture.media.piece import TICKS_PER_MS, Piece, Sample
from capture.media.webm_read import Recorded
from capture.recorder import Absence
from proctoring.recordings.model import EndCause, GapPart
from proctoring.recordings.spans import Span

AUDIO_TICKS_PER_MS = AUDIO_CLOCK // 1000


def cut(recorded: Recorded, start_unix_ms: int, stretch: Span) -> Piece | None:
    """The piece for `stretch` (Unix milliseconds) of a file whose zero is `start_unix_ms`; None when it
    has neither picture nor sound for it. The last picture shows until the end of the stretch."""
    begin, end = (at - start_unix_ms for at in (stretch.start_ms, stretch.end_ms))
    pictures = _pictures(recorded.video, begin, end)
    sound = tuple(
        Sample(sample.ticks - begin * AUDIO_TICKS_PER_MS, sample.data)
        for sample in recorded.audio
        if begin <= sample.ticks / AUDIO_TICKS_PER_MS < end
    )
    absences = _silences(recorded, sound, stretch)
    if pictures:
        shown_ms = pictures[-1].ticks // TICKS_PER_MS + LAST_FRAME_MS
        if sound and stretch.length_ms - shown_ms >= STALL_MS:
            still = stretch.start_ms + shown_ms
            absences = (Absence(GapPart.PICTURE, still, stretch.end_ms, EndCause.DEVICE_LOST), *absences)
        has_sound = bool(recorded.audio) or recorded.no_sound is not None
        return Piece(
            stretch.start_ms,
            stretch.length_ms,
            recorded.config,
            pictures,
            sound,
            audio_track=has_sound,
            absences=absences,
        )
    if not sound:
        return None
    why = recorded.no_picture or EndCause.NO_KEYFRAME
    absences = (Absence(GapPart.PICTURE, stretch.start_ms, stretch.end_ms, why), *absences)
    return Piece(stretch.start_ms, stretch.length_ms, None, (), sound, absences=absences)


def _pictures(video: list[Sample], begin: int, end: int) -> tuple[Sample, ...]:
    """The pictures of a stretch in milliseconds of the file, timed from its beginning; none where those that
    lead to it do not fit."""
    keys = [at for at, sample in enumerate(video) if sample.keyframe and sample.ticks <= begin * TICKS_PER_MS]
    pictures: list[Sample] = []
    for sample in video[keys[-1] if keys else 0 :]:
        if sample.ticks >= end * TICKS_PER_MS:
            break
        least = pictures[-1].ticks + TICKS_PER_MS if pictures else 0
        ticks = max(sample.ticks - begin * TICKS_PER_MS, least) if pictures else 0
        pictures.append(Sample(ticks, sample.data, sample.keyframe))
    if pictures and pictures[-1].ticks >= (end - begin) * TICKS_PER_MS:
        return ()
    return tuple(pictures)


def _silences(recorded: Recorded, sound: tuple[Sample, ...], stretch: Span) -> tuple[Absence, ...]:
    """Where a file that declares sound has none for long."""
    if not recorded.audio and recorded.no_sound is None:
        return ()
    cause = recorded.no_sound or EndCause.SOUND_MISSING
    found = []
    until_ms = 0
    for at_ms, lasts_ms in [*map(_span_of, sound), (stretch.length_ms, 0)]:
        if at_ms - until_ms >= MISSING_MS_MIN:
            missing = stretch.start_ms + until_ms, stretch.start_ms + at_ms
            found.append(Absence(GapPart.SOUND, *missing, cause))
        until_ms = max(until_ms, at_ms + lasts_ms)
    return tuple(found)


def _span_of(packet: Sample) -> tuple[int, int]:
    """When it begins and how long it lasts, in milliseconds."""
    return packet.ticks // AUDIO_TICKS_PER_MS, opus.duration_ticks(packet.data) // AUDIO_TICKS_PER_MS
