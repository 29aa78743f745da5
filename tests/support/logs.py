"""Batches of activity and answers as a sender makes them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from proctoring.clock import iso
from proctoring.exams import service as exams
from proctoring.exams.model import CaptureProfile, Exam, Stream
from tests.support.world import ADMIN, REGULATION, World

BOTH = CaptureProfile((Stream.WEBCAM,), activity_log=True, answers_log=True)


def event(at: datetime, type: str = "focus-lost", **fields: Any) -> dict[str, Any]:
    """One activity event with an id of its own."""
    return {"id": str(uuid4()), "at": iso(at), "type": type, **fields}


def answer(at: datetime, response: str) -> dict[str, Any]:
    """One answer to one question."""
    return {
        "id": str(uuid4()),
        "at": iso(at),
        "verb": {"id": "http://adlnet.gov/expapi/verbs/answered"},
        "object": {"id": "https://exam.example/questions/7", "definition": {"name": {"en": "Question 7"}}},
        "result": {"response": response},
    }


def batch(sent_at: datetime, events: Sequence[dict[str, Any]], log: str = "activity") -> dict[str, Any]:
    """The body of a request."""
    return {"log": log, "sent_at": iso(sent_at), "events": list(events)}


def exam_with_logs(world: World, profile: CaptureProfile = BOTH) -> Exam:
    """An exam that keeps logs."""
    with world.core.db.begin() as db:
        return exams.create(db, world.core, ADMIN, "Module 2", REGULATION, profile)
