"""Batches of activity and answers as a sender makes them."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from proctoring.clock import iso
from proctoring.exams import service as exams
from proctoring.exams.model import CaptureProfile, Exam, Stream
from proctoring.recordings import logs
from proctoring.recordings import service as recordings
from proctoring.recordings.events import LOG_MEDIA_TYPE, Log, read_batch
from proctoring.recordings.leaves import SealedSegment
from proctoring.recordings.model import EndCause
from proctoring.sessions.model import Session
from storage.objects.naming import segment_key
from storage.proofs.manifest import digest
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
        return exams.create(db, world.core, ADMIN, "Module 2", regulation=REGULATION, profile=profile)


def write(world: World, session: Session, log: str, events: Sequence[dict[str, Any]]) -> None:
    """Put one batch into a log of the session, as the keeper, the spool and its drain do together."""
    received, core = world.clock(), world.core
    given = read_batch(json.dumps(batch(received, events, log)).encode())
    ids = [str(one.id) for one in given.events]
    with core.db.begin() as db:
        start = world.clock.unix_ms
        begun = recordings.begin_take(
            db, core, session.id, Log(log).kind, LOG_MEDIA_TYPE, start_unix_ms=start
        )
        sealed = begun.sealer.seal(0, LOG_MEDIA_TYPE, logs.encode(given, ids, received))
        world.objects.put(segment_key(begun.take.unit_id, begun.take.id, 0), sealed)
        leaf = SealedSegment(0, digest(sealed), len(sealed), start, 1)
        recordings.register(db, core, begun.take.id, leaf)
        logs.remember(db, begun.take.unit_id, ids)
        recordings.end_take(db, core, begun.take.id, EndCause.STOPPED)
