"""Messages over the pipes of the child process: three byte strings each way, each preceded by its length.

The parent trusts no part of an answer. Lengths are bounded, figures are finite numbers of known names, the
gist has a fixed length. The thumbnail is a JPEG by its structure (`capture.media.jpeg`).
"""

import json
import math
import struct
from dataclasses import dataclass

from capture.media.jpeg import picture_only
from proctoring.errors import Invalid
from proctoring.exams.model import Stream

HEAD = struct.Struct(">III")
SEGMENT_BYTES_MAX = 8 << 20
FIGURES_BYTES_MAX = 1024
THUMBNAIL_BYTES_MAX = 64 << 10
GIST_WIDTH, GIST_HEIGHT = 64, 36
GIST_BYTES = GIST_WIDTH * GIST_HEIGHT
FIGURES = frozenset({"luma", "detail", "motion", "faces", "changed", "level"})


class BadAnswer(Exception):
    """The child said something that no honest child says."""


@dataclass(frozen=True, slots=True)
class Question:
    """One stored segment, and the gist of the stream's picture before it (empty: none)."""

    stream: Stream
    gist: bytes
    segment: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What was measured, by name; the picture's gist (luma, GIST_HEIGHT x GIST_WIDTH bytes) and a thumbnail.

    Both pictures are empty when the segment has no picture that decodes.
    """

    figures: dict[str, float]
    gist: bytes
    thumbnail: bytes


def packed(*parts: bytes) -> bytes:
    """Three byte strings as one message."""
    first, second, third = parts
    return HEAD.pack(len(first), len(second), len(third)) + b"".join(parts)


def asked(question: Question) -> bytes:
    """The question's message."""
    return packed(question.stream.value.encode(), question.gist, question.segment)


def answered(answer: Answer) -> bytes:
    """The answer's message."""
    return packed(json.dumps(answer.figures).encode(), answer.gist, answer.thumbnail)


def answer_lengths(head: bytes) -> tuple[int, int, int]:
    """The lengths of an answer's parts. Raises BadAnswer when one is impossible."""
    figures, gist, thumbnail = HEAD.unpack(head)
    if figures > FIGURES_BYTES_MAX or gist not in (0, GIST_BYTES) or thumbnail > THUMBNAIL_BYTES_MAX:
        raise BadAnswer("lengths")
    return figures, gist, thumbnail


def read_answer(figures: bytes, gist: bytes, thumbnail: bytes) -> Answer:
    """Raises BadAnswer."""
    try:
        said = json.loads(figures)
    except (ValueError, RecursionError) as error:
        raise BadAnswer("figures") from error
    if not isinstance(said, dict) or not set(said) <= FIGURES:
        raise BadAnswer("figures")
    if not all(type(value) in (int, float) for value in said.values()):
        raise BadAnswer("figures")
    try:
        measured = {name: float(value) for name, value in said.items()}
    except OverflowError as error:
        raise BadAnswer("figures") from error
    if not all(map(math.isfinite, measured.values())):
        raise BadAnswer("figures")
    try:
        return Answer(measured, gist, picture_only(thumbnail) if thumbnail else b"")
    except Invalid as error:
        raise BadAnswer("thumbnail") from error
