"""`proctoring session …`: invite, look at, end."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session as Db

from proctoring.cli.output import Instant, common, operator, show
from proctoring.clock import iso
from proctoring.compose.parts import Parts, parts, whip_url
from proctoring.exams.model import LANGUAGES
from proctoring.holds import service as holds
from proctoring.recordings import ending, logs
from proctoring.recordings.model import GapPart
from proctoring.recordings.timeline import timeline
from proctoring.sessions import service
from proctoring.sessions.model import WINDOW_HOURS_DEFAULT, WINDOW_HOURS_MAX, Schedule, Session


@click.group()
def session() -> None:
    """One candidate sitting one exam."""


@session.command()
@click.option("--exam", "exam_id", required=True, help="The exam's id.")
@click.option(
    "--candidate", "ref", required=True, help="The candidate's reference, such as C-48217; no name."
)
@click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True)
@click.option(
    "--window-hours",
    type=click.IntRange(1, WINDOW_HOURS_MAX),
    default=WINDOW_HOURS_DEFAULT,
    show_default=True,
)
@click.option("--starts-at", type=Instant(), help="Scheduled start; the candidate waits until then.")
@click.option("--minutes", type=int, help="Duration of the exam.")
@click.option("--extra-minutes", type=int, default=0, help="Extra time of this candidate.")
@common
def create(
    data: Path | None,
    exam_id: str,
    ref: str,
    language: str,
    window_hours: int,
    starts_at: datetime | None,
    minutes: int | None,
    extra_minutes: int,
) -> None:
    """Invite a candidate; prints the link and, with --json, every token."""
    made = parts(data)
    with made.core.db.begin() as db:
        schedule = Schedule(starts_at, minutes, extra_minutes)
        created = service.create(
            db,
            made.core,
            operator(),
            exam_id,
            ref,
            language=language,
            window_hours=window_hours,
            schedule=schedule,
        )
        result = invitation(made, db, created)
    show(result, f"session {created.id}\n{result['candidate_url']}")


def invitation(made: Parts, db: Db, created: Session) -> dict[str, Any]:
    """What the exam body needs to invite a candidate, or to publish for one."""
    links, settings = made.core.links, made.core.settings
    streams = service.exam_of(db, created).profile.streams
    return {
        "session_id": created.id,
        "candidate_url": f"{settings.base_url}/c/{links.invitation(created)}",
        "whip_url": whip_url(settings),
        "tokens": {stream.value: links.ingest(created, stream) for stream in streams},
        "events_token": links.events(created),
        "answers_token": links.answers(created),
    }


@session.command("show")
@click.argument("session_id", metavar="ID")
@common
def show_(data: Path | None, session_id: str) -> None:
    """State, due date, holds; per stream takes, segments, gaps, bytes."""
    made = parts(data)
    with made.core.db.read() as db:
        line = timeline(db, session_id, made.core.clock())
        held = holds.active(db, session_id)
        kept_logs = logs.heads(db, session_id)
        asked_at = service.session_row(db, session_id).in_person_asked_at
    streams = [
        {
            "stream": stream.stream.value,
            "state": stream.state.value,
            "due_at": iso(stream.due_at),
            "takes": len(stream.takes),
            "segments": len(stream.segments),
            "gaps": sum(gap.part is GapPart.ALL for gap in stream.gaps),
            "partial_gaps": sum(gap.part is not GapPart.ALL for gap in stream.gaps),
            "bytes": stream.stored_bytes,
        }
        for stream in line.streams
    ]
    result = {
        "session_id": line.session_id,
        "candidate": line.ref,
        "exam": line.exam_title,
        "state": line.state.value,
        "started_at": iso(line.started_at) if line.started_at else None,
        "ended_at": iso(line.ended_at) if line.ended_at else None,
        "duration_ms": line.duration_ms,
        "in_person_asked_at": iso(asked_at) if asked_at else None,
        "due_at": min((iso(stream.due_at) for stream in line.streams), default=None),
        "holds": [{"hold_id": hold.id, "kind": hold.kind.value, "reason": hold.reason} for hold in held],
        "streams": streams,
    }
    result["logs"] = [
        {
            "log": head.log.value,
            "state": head.state.value,
            "due_at": iso(head.due_at),
            "entries": head.entries,
        }
        for head in kept_logs
    ]
    rows = [
        f"  {s['stream']:7} {s['state']:9} {s['takes']} takes, {s['segments']} segments, "
        f"{s['gaps']} gaps, {s['partial_gaps']} of picture or sound alone, {s['bytes']} bytes"
        for s in streams
    ]
    rows += [f"  {head.log.value:7} {head.state.value:9} {head.entries} entries" for head in kept_logs]
    kept = f"due {result['due_at']}, {len(held)} holds" if streams else "nothing recorded"
    show(result, "\n".join([f"session {line.session_id}: {line.state.value}, {kept}", *rows]))


@session.command()
@click.argument("session_id", metavar="ID")
@common
def finish(data: Path | None, session_id: str) -> None:
    """End a session; its publishers are stopped and what they hold is kept."""
    made = parts(data)
    with made.core.db.begin() as db:
        ended = ending.finish(db, made.core, session_id, operator())
    show({"session_id": ended.id, "state": ended.state.value}, f"session {ended.id}: {ended.state.value}")
