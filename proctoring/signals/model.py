"""A signal is what a machine measured over a stretch of a stream. It says nothing of a person. Pure.

There is no kind of signal for identity, feelings, gaze or suspicion, and none will be added: a face is
counted, never compared. Signals hold nothing. Some raise a flag, for a person to look at and to dismiss.
Signals and thumbnails are stored in *sheets*: sealed objects of the evidence unit of their stream, erased
with it.
"""

import base64
import json
from dataclasses import asdict, dataclass
from enum import StrEnum

from proctoring.exams.model import Stream
from proctoring.flags.model import Category
from storage.canonical import canonical

SHEET_VERSION = 1
SHEET_MEDIA_TYPE = "application/json"
FLAGS_PER_TAKE_MAX = 40
"""Beyond, signals are still on the time line, and nobody has to dismiss another flag for them."""


class SignalKind(StrEnum):
    """What was measured; each by one detector."""

    DARK = "dark"
    COVERED = "covered"
    FROZEN = "frozen"
    NO_FACE = "no-face"
    SEVERAL_FACES = "several-faces"
    SCREEN_CHANGED = "screen-changed"
    SILENCE = "silence"
    SPEECH_LEVEL = "speech-level"


RAISES_FLAG = {
    SignalKind.DARK: (Category.TECHNICAL, "Dark picture"),
    SignalKind.COVERED: (Category.TECHNICAL, "Picture without detail"),
    SignalKind.FROZEN: (Category.TECHNICAL, "Picture stands still"),
    SignalKind.NO_FACE: (Category.OTHER, "No face in the picture"),
    SignalKind.SEVERAL_FACES: (Category.OTHER, "Several faces in the picture"),
}
"""What is put before a person, and the words (msgid) on the flag. The other kinds help to find one's way."""


@dataclass(frozen=True, slots=True)
class Signal:
    """`value`, in `unit`, was beyond `threshold` from `start_ms` until `end_ms` of the session's time line.

    Of the values measured meanwhile it is the one furthest beyond. `detector` and `version` name exactly what
    measured.
    """

    kind: SignalKind
    detector: str
    version: int
    threshold: float
    unit: str
    value: float
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small JPEG of the stream at one moment of the session's time line."""

    ms: int
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class Sheet:
    """The thumbnails of one stretch of a take, and every signal of the take up to its end. So the newest
    sheet of a take has all of them."""

    stream: Stream
    start_ms: int
    end_ms: int
    signals: tuple[Signal, ...]
    thumbnails: tuple[Thumbnail, ...]


def encode(sheet: Sheet) -> bytes:
    """The object of a sheet, before it is sealed (`docs/formats/segment.md`)."""
    body = {
        "v": SHEET_VERSION,
        "stream": sheet.stream.value,
        "start_ms": sheet.start_ms,
        "end_ms": sheet.end_ms,
        "signals": [asdict(signal) for signal in sheet.signals],
        "thumbnails": [
            {"ms": one.ms, "jpeg": base64.b64encode(one.jpeg).decode()} for one in sheet.thumbnails
        ],
    }
    return canonical(body)


def decode(data: bytes) -> Sheet:
    """The sheet that `encode` wrote."""
    body = json.loads(data)
    return Sheet(
        Stream(body["stream"]),
        body["start_ms"],
        body["end_ms"],
        tuple(Signal(**{**one, "kind": SignalKind(one["kind"])}) for one in body["signals"]),
        tuple(Thumbnail(one["ms"], base64.b64decode(one["jpeg"])) for one in body["thumbnails"]),
    )
