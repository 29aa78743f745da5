"""`proctoring simulate`: drawn candidates publish their streams over real WebRTC."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import click

from capture.simulate.candidate import OnProgress, Progress, SimulatedSession, Step
from capture.simulate.candidate import simulate as publish
from proctoring.cli.compose import Parts, parts
from proctoring.cli.output import common, operator, show
from proctoring.cli.sessions import invitation
from proctoring.exams import service as exams
from proctoring.exams.model import CaptureProfile, CountFrom, Regulation, Stream
from proctoring.sessions import service as sessions

REGULATION = Regulation(14, CountFrom.RESULTS, "Europe/Brussels", 90)
TITLE = "Insurance distribution, module 2"


@click.command()
@click.option("--candidates", type=click.IntRange(1, 500), default=1, show_default=True)
@click.option("--seconds", type=click.FloatRange(5, 7200), default=60, show_default=True)
@click.option("--url", help="Base address of the service (where this data folder is served).")
@click.option("--codec", type=click.Choice(["H264", "VP8"]), default="H264", show_default=True)
@click.option("--gap", "with_gap", is_flag=True, help="The phone falls silent once and comes back.")
@common
def simulate(
    data: Path | None, candidates: int, seconds: float, url: str | None, codec: str, with_gap: bool
) -> None:
    """Invite simulated candidates, publish their three streams, end their sessions."""
    made = parts(data)
    base_url = url or made.core.settings.base_url
    invited = invite(made, candidates)
    summary = asyncio.run(
        publish(
            base_url,
            [_simulated(one) for one in invited],
            seconds,
            _say(seconds, candidates),
            codec="VP8" if codec == "VP8" else "H264",
            with_gap=with_gap,
        )
    )
    with made.core.db.begin() as db:
        for one in invited:
            sessions.finish(db, made.core, one["session_id"], operator())
    failures = [f"candidate {f.candidate + 1} {f.stream.value}: {f.problem}" for f in summary.failures]
    ids = [one["session_id"] for one in invited]
    text = f"{len(summary.takes)} takes published, {len(failures)} failed; sessions {', '.join(ids)}"
    show({"sessions": ids, "takes": len(summary.takes), "failures": failures}, "\n".join([*failures, text]))
    if failures:
        sys.exit(1)


def invite(made: Parts, candidates: int) -> list[dict[str, Any]]:
    """One exam and a session for each simulated candidate."""
    with made.core.db.begin() as db:
        exam = exams.create(db, made.core, operator(), TITLE, REGULATION, CaptureProfile(tuple(Stream)))
        created = [
            sessions.create(db, made.core, operator(), exam.id, f"C-{48217 + number}")
            for number in range(candidates)
        ]
        return [{"exam_id": exam.id} | invitation(made, db, session) for session in created]


def _simulated(invited: dict[str, Any]) -> SimulatedSession:
    return SimulatedSession({Stream(name): token for name, token in invited["tokens"].items()})


def _say(seconds: float, candidates: int) -> OnProgress:
    last: dict[tuple[int, Stream], int] = {}

    def say(progress: Progress) -> None:
        key, whole = (progress.candidate, progress.stream), int(progress.sent_s) // 5
        if progress.step is Step.SENDING and last.get(key) == whole:
            return
        last[key] = whole
        who = f"candidate {progress.candidate + 1} " if candidates > 1 else ""
        click.echo(
            f"  {who}{progress.stream.value:7} {progress.step.value:8} "
            f"{progress.sent_s:5.0f} of {seconds:.0f} s {progress.problem}".rstrip(),
            err=True,
        )

    return say
