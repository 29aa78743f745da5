"""`proctoring exam …`: set up exams, publish their results."""

from datetime import datetime
from pathlib import Path

import click

from proctoring.casework import results
from proctoring.cli.output import Instant, common, operator, show
from proctoring.clock import iso
from proctoring.compose.parts import parts
from proctoring.exams import service
from proctoring.exams.model import CaptureProfile, CountFrom, Regulation, Stream
from proctoring.text import isolated

MAX_DAYS_DEFAULT = 180


class Streams(click.ParamType[tuple[Stream, ...]]):
    """A comma-separated list of streams."""

    name = "streams"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Stream, ...]:
        if isinstance(value, tuple):
            return value
        try:
            return tuple(Stream(name.strip()) for name in str(value).split(","))
        except ValueError as error:
            self.fail(f"{error}; choose from {', '.join(Stream)}", param, ctx)


@click.group()
def exam() -> None:
    """Exams with their regulation and capture profile."""


@exam.command()
@click.option("--title", required=True, help="What candidates and reviewers read.")
@click.option("--objection-days", type=int, required=True, help="Length of the objection period, civil days.")
@click.option("--streams", type=Streams(), default="webcam,phone,screen", show_default=True)
@click.option(
    "--count-from", type=click.Choice([c.value for c in CountFrom]), default=CountFrom.RESULTS.value
)
@click.option("--zone", default="Europe/Brussels", show_default=True, help="Civil time of the exam (IANA).")
@click.option("--max-days", type=int, help="Longest keeping without results, civil days (180 or more).")
@click.option(
    "--identity-copy", is_flag=True, help="Candidates send a picture of their identity card beforehand."
)
@click.option(
    "--activity-log", is_flag=True, help="Keep a log of activity: focus, paste, websites, programs."
)
@click.option("--answers-log", is_flag=True, help="Keep a log of the answers.")
@click.option(
    "--signals",
    is_flag=True,
    help="Automatic signals and thumbnails. The notice then tells candidates of them; a notice of your own "
    "must say the same: small pictures, what is measured, that a person looks and no machine decides.",
)
@click.option("--legal-ground", default=service.LEGAL_GROUND_DEFAULT, show_default=True)
@common
def create(
    data: Path | None,
    title: str,
    objection_days: int,
    streams: tuple[Stream, ...],
    count_from: str,
    zone: str,
    max_days: int | None,
    identity_copy: bool,
    legal_ground: str,
    activity_log: bool,
    answers_log: bool,
    signals: bool,
) -> None:
    """Set up an exam; prints its id."""
    made = parts(data)
    longest = max_days if max_days is not None else max(MAX_DAYS_DEFAULT, objection_days)
    regulation = Regulation(objection_days, CountFrom(count_from), zone, longest)
    with made.core.db.begin() as db:
        profile = CaptureProfile(streams, identity_copy, activity_log, answers_log, signals)
        exam = service.create(
            db,
            made.core,
            operator(),
            title,
            regulation=regulation,
            profile=profile,
            legal_ground=legal_ground,
        )
    show({"exam_id": exam.id, "title": exam.title}, f"exam {exam.id}")


@exam.command("list")
@common
def list_(data: Path | None) -> None:
    """All exams, the newest first."""
    made = parts(data)
    with made.core.db.read() as db:
        exams = service.list_exams(db)
    lines = [f"{exam.id}  {isolated(exam.title)}" for exam in exams]
    show(
        {"exams": [{"exam_id": exam.id, "title": exam.title} for exam in exams]},
        "\n".join(lines) or "no exams yet",
    )


@exam.command("publish-results")
@click.argument("exam_id", metavar="ID")
@click.option("--at", type=Instant(), help="When the results are published (now); never in the past.")
@click.option("--dry-run", is_flag=True, help="Say which recordings would be due when; publish nothing.")
@common
def publish_results(data: Path | None, exam_id: str, at: datetime | None, dry_run: bool) -> None:
    """Start the objection period."""
    made = parts(data)
    if dry_run:
        with made.core.db.read() as db:
            due = results.preview_results(db, made.core, exam_id, at)
        lines = [f"{iso(when)}  {count} sessions due" for when, count in due.items()]
        told = [{"due_at": iso(when), "sessions": count} for when, count in due.items()]
        show({"exam_id": exam_id, "due": told}, "\n".join(lines) or "no session of it has ended")
        return
    with made.core.db.begin() as db:
        exam = results.publish_results(db, made.core, operator(), exam_id, at)
    assert exam.results_published_at is not None
    published = iso(exam.results_published_at)
    show(
        {"exam_id": exam.id, "results_published_at": published},
        f"results of {exam.id} published at {published}",
    )
