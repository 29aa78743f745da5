"""The shape of a batch: closed vocabulary, bounds, the index of what is refused, an event's place in time."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from proctoring.errors import Invalid
from proctoring.recordings import logs
from proctoring.recordings.events import (
    EVENT_BYTES_MAX,
    EVENTS_PER_BATCH_MAX,
    URL_CHARS_MAX,
    batch_schema,
    placed,
    read_batch,
)
from tests.support.logs import answer, batch, event

NOW = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)


def read(body: object) -> Any:
    return read_batch(json.dumps(body).encode())


def refusal(body: object) -> str:
    with pytest.raises(Invalid) as refused:
        read(body)
    return refused.value.detail


@pytest.mark.promise("P5")
@pytest.mark.parametrize(
    ("type", "fields"),
    [
        ("focus-lost", {}),
        ("page-hidden", {}),
        ("fullscreen-left", {}),
        ("paste", {"chars": 12}),
        ("display-change", {"extended": None}),
        ("clock-set", {"by_ms": -3_600_000}),
        ("sound-missing", {"stream": "webcam", "cause": "lost"}),
        ("picture-missing", {"stream": "phone", "cause": "muted"}),
        ("sound-back", {"stream": "webcam"}),
        ("picture-back", {"stream": "phone"}),
        ("url", {"url": "https://example.org/a", "title": "A"}),
        ("application", {"name": "Calculator"}),
        ("missed", {"count": 3}),
    ],
)
def test_every_kind_of_activity_is_read(type: str, fields: dict[str, Any]) -> None:
    """What the notice names can be reported, each with its own fields and no others."""
    assert read(batch(NOW, [event(NOW, type, **fields)])).events[0].type == type
    assert refusal(batch(NOW, [event(NOW, type, **fields, more=1)])).startswith("events[0].more")


@pytest.mark.promise("P6")
def test_an_answer_is_a_statement_with_verb_object_and_result() -> None:
    """An answer reads back as it was given; one without its object is refused."""
    given = answer(NOW, "forty-two")
    assert read(batch(NOW, [given], "answers")).events[0].result.response == "forty-two"
    del given["object"]
    assert refusal(batch(NOW, [given], "answers")) == "events[0].object: Field required."


@pytest.mark.parametrize(
    ("bad", "where"),
    [
        ({"type": "gaze"}, "events[1]: not a known type."),
        ({"type": "paste", "chars": 3, "text": "secret"}, "events[1].text"),
        ({"type": "paste", "chars": -1}, "events[1].chars"),
        ({"type": "url", "url": "h" * (URL_CHARS_MAX + 1), "title": ""}, "events[1].url"),
        ({"type": "focus-lost", "id": "seven"}, "events[1].id"),
        ({"type": "focus-lost", "at": "2026-11-16T09:00:00"}, "events[1].at"),
        ({"type": "focus-lost", "at": "0001-01-01T00:00:00+05:00"}, "events[1].at"),
    ],
)
def test_a_bad_event_is_named_by_its_index(bad: dict[str, Any], where: str) -> None:
    """The sender learns which event of the batch is refused; the text of what was pasted is never a field."""
    good = event(NOW)
    assert refusal(batch(NOW, [good, event(NOW) | bad])).startswith(where)


def test_a_batch_has_bounds() -> None:
    """Neither an empty batch, nor one of too many events, nor an event of too many bytes."""
    assert refusal(batch(NOW, [])).startswith("events")
    assert refusal(batch(NOW, [event(NOW)] * (EVENTS_PER_BATCH_MAX + 1))).startswith("events")
    long = answer(NOW, "é" * 8000) | {"object": {"id": "x", "definition": {"name": {"en": "é" * 500}}}}
    assert str(EVENT_BYTES_MAX) in refusal(batch(NOW, [answer(NOW, "a"), long], "answers"))
    assert refusal(batch(NOW, [long], "answers")).startswith("events[0]")


def test_the_place_in_time_does_not_depend_on_the_senders_clock() -> None:
    """A computer that is a day ahead, or asleep for an hour before it sends, changes nothing."""
    for wrong_by in (timedelta(0), timedelta(days=1), timedelta(days=-400)):
        at = NOW + wrong_by
        assert placed(at - timedelta(seconds=90), at, NOW) == NOW - timedelta(seconds=90)
    assert placed(NOW + timedelta(hours=1), NOW, NOW) == NOW


def test_the_entries_of_a_log_are_in_order_and_each_once() -> None:
    """Also where two processes stored the same event; the first one in the manifest counts."""
    early, late = event(NOW - timedelta(seconds=5)), event(NOW, "paste", chars=4)
    first = logs.encode(read(batch(NOW, [late])), {late["id"]}, NOW)
    again = read(batch(NOW + timedelta(seconds=9), [early, late]))
    second = logs.encode(again, {early["id"], late["id"]}, NOW + timedelta(seconds=9))
    entries = logs.entries([first, second], NOW - timedelta(minutes=1))
    assert [(entry["type"], entry["ms"]) for entry in entries] == [("focus-lost", 55_000), ("paste", 60_000)]
    assert entries[1]["received_at"] == "2026-11-16T09:00:00.000Z"


def test_the_schema_of_a_batch_is_whole_in_itself() -> None:
    """What OpenAPI shows refers to nothing that is elsewhere."""
    said = json.dumps(batch_schema())
    assert "$ref" not in said
    assert "page-hidden" in said
