"""Events of a session's logs: a closed vocabulary of activity, xAPI-shaped answers, their place in time.

A batch is taken whole or not at all. The client's clock is never evidence of wall time. It only tells how
long before sending something happened; that is subtracted from the time of receipt by the server.
"""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from proctoring.errors import Invalid
from proctoring.units.model import UnitKind

EVENTS_PER_BATCH_MAX = 64
EVENT_BYTES_MAX = 16 << 10
BATCH_BYTES_MAX = 256 << 10
EVENTS_PER_LOG_MAX = 20_000
LOG_BYTES_MAX = 64 << 20
URL_CHARS_MAX = 2048
TITLE_CHARS_MAX = 300
APPLICATION_CHARS_MAX = 200
IRI_CHARS_MAX = 500
DISPLAY_CHARS_MAX = 500
ANSWER_CHARS_MAX = 8000
COUNT_MAX = 10_000_000
CLOCK_SET_MS_MAX = 1 << 53
PART_CHARS_MAX = 40  # of a name in a refusal
_ALL_OR_NOTHING = "Nothing of the batch was stored; correct this and send all of it again."

LOG_MEDIA_TYPE = "application/json"


class Log(StrEnum):
    """A log of a session; its evidence unit is of the same name."""

    ACTIVITY = "activity"
    ANSWERS = "answers"

    @property
    def kind(self) -> UnitKind:
        return UnitKind(self.value)


# Within these years every instant has a form in UTC, and every difference of two a place before now.
_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
Instant = Annotated[AwareDatetime, Field(ge=_FIRST, le=_LAST)]


class _Fields(BaseModel):
    """Exactly the fields that are named, of exactly these types: nothing is stored that nobody documented."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Event(_Fields):
    id: Annotated[UUID, Field(description="Chosen by the sender; what was stored before is not stored again")]
    at: Annotated[Instant, Field(description="When it happened, by the sender's clock (RFC 3339)")]


class Happened(_Event):
    """Something that needs no more words. `focus-*`: of the exam page's window; `page-*`: does it show."""

    type: Literal[
        "focus-lost",
        "focus-gained",
        "page-hidden",
        "page-shown",
        "fullscreen-entered",
        "fullscreen-left",
        "companion-started",
    ]


class Pasted(_Event):
    """Something was pasted into the exam page: how many characters, never which."""

    type: Literal["paste"]
    chars: Annotated[int, Field(ge=0, le=COUNT_MAX)]


class DisplayChanged(_Event):
    """The displays changed. `extended`: whether there are several; null where the browser does not tell."""

    type: Literal["display-change"]
    extended: bool | None


class ClockSet(_Event):
    """The sender's clock was set while it recorded: by so many milliseconds, forward or (negative) back."""

    type: Literal["clock-set"]
    by_ms: Annotated[int, Field(ge=-CLOCK_SET_MS_MAX, le=CLOCK_SET_MS_MAX)]


class PartMissing(_Event):
    """From this event on a stream has no sound, or no picture, while its other part goes on. `lost`: the
    device is gone; `muted`: the system, or a switch on the device, silences it."""

    type: Literal["sound-missing", "picture-missing"]
    stream: Literal["webcam", "phone", "screen"]
    cause: Literal["lost", "muted"]


class PartBack(_Event):
    """From here on the stream has its sound, or its picture, again."""

    type: Literal["sound-back", "picture-back"]
    stream: Literal["webcam", "phone", "screen"]


class UrlVisited(_Event):
    """A page came to the front, or the page in front went elsewhere."""

    type: Literal["url"]
    url: Annotated[str, Field(min_length=1, max_length=URL_CHARS_MAX)]
    title: Annotated[str, Field(max_length=TITLE_CHARS_MAX)]


class ApplicationUsed(_Event):
    """A program came to the front, as lock-down software reports it."""

    type: Literal["application"]
    name: Annotated[str, Field(min_length=1, max_length=APPLICATION_CHARS_MAX)]
    title: Annotated[str, Field(max_length=TITLE_CHARS_MAX)] = ""


class Missed(_Event):
    """The sender could keep no more while the server was unreachable: so many later events are not in the
    log."""

    type: Literal["missed"]
    count: Annotated[int, Field(ge=1, le=COUNT_MAX)]


Activity = Annotated[
    Happened
    | Pasted
    | DisplayChanged
    | ClockSet
    | PartMissing
    | PartBack
    | UrlVisited
    | ApplicationUsed
    | Missed,
    Field(discriminator="type"),
]

Words = Annotated[
    dict[
        Annotated[str, Field(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")],
        Annotated[str, Field(max_length=DISPLAY_CHARS_MAX)],
    ],
    Field(max_length=4, description="Language tag: words"),
]
Iri = Annotated[str, Field(min_length=1, max_length=IRI_CHARS_MAX)]


class Verb(_Fields):
    """What was done, as xAPI has it, e.g. http://adlnet.gov/expapi/verbs/answered."""

    id: Iri
    display: Words = {}


class Definition(_Fields):
    name: Words = {}


class Object(_Fields):
    """What it was done to: a question, a part of the exam."""

    id: Iri
    definition: Definition = Definition()


class Result(_Fields):
    """The answer itself. No mark is kept here: that is the exam record's."""

    response: Annotated[str, Field(max_length=ANSWER_CHARS_MAX)] | None = None
    success: bool | None = None
    completion: bool | None = None
    duration: Annotated[str, Field(max_length=40, pattern=r"^P[0-9YMWDTHS.]+$")] | None = None


class Answer(_Event):
    """A statement in the shape of xAPI 1.0.3 without its actor: the session says whose it is."""

    verb: Verb
    object: Object
    result: Result = Result()


class ActivityBatch(_Fields):
    """Activity in the order in which it happened. `sent_at`: the sender's clock at this very try."""

    log: Literal["activity"]
    sent_at: Instant
    events: Annotated[tuple[Activity, ...], Field(min_length=1, max_length=EVENTS_PER_BATCH_MAX)]


class AnswersBatch(_Fields):
    """Answers in the order in which they were given. `sent_at` as with activity."""

    log: Literal["answers"]
    sent_at: Instant
    events: Annotated[tuple[Answer, ...], Field(min_length=1, max_length=EVENTS_PER_BATCH_MAX)]


Batch = ActivityBatch | AnswersBatch


_BATCH: TypeAdapter[Batch] = TypeAdapter(Annotated[Batch, Field(discriminator="log")])


def read_batch(body: bytes) -> Batch:
    """The batch of a request's body. Raises Invalid, which names the first refused event by its index."""
    try:
        batch = _BATCH.validate_json(body)
    except ValidationError as error:
        raise Invalid(_refusal(error), _ALL_OR_NOTHING) from None
    for index, event in enumerate(batch.events):
        if len(event.model_dump_json().encode()) > EVENT_BYTES_MAX:
            raise Invalid(f"events[{index}]: larger than {EVENT_BYTES_MAX} bytes.", _ALL_OR_NOTHING)
    return batch


def batch_schema() -> dict[str, Any]:
    """The JSON schema of a batch, whole in itself."""
    schema = _BATCH.json_schema(ref_template="{model}")
    return dict(_resolved(schema, schema.pop("$defs")))


def placed(at: datetime, sent_at: datetime, received: datetime) -> datetime:
    """When something happened by the server's clock: as long before it was received as before it was sent.

    What claims to have happened after it was sent happened when it was received.
    """
    return received - max(sent_at - at, timedelta(0))


def _refusal(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    log, *path = first["loc"] or ("",)
    if log == Log.ACTIVITY and len(path) > 2:
        del path[2]  # the type by which the event was read is no part of its path
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part[:PART_CHARS_MAX]}" for part in path)
    said = "not a known type" if first["type"].startswith("union_tag") and where else first["msg"]
    return f"{where.lstrip('.') or 'The batch'}: {said}."


def _resolved(part: Any, models: dict[str, Any]) -> Any:
    """The schema with every reference replaced by what it refers to."""
    if isinstance(part, list):
        return [_resolved(one, models) for one in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return _resolved(models[part["$ref"]], models)
    return {name: _resolved(one, models) for name, one in part.items() if name != "discriminator"}
