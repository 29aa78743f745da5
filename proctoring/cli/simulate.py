"""`proctoring simulate`: drawn candidates publish their streams over real WebRTC."""

import asyncio
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from capture.simulate.absence import HERE
from capture.simulate.candidate import Progress, SimulatedSession, Summary
from capture.simulate.candidate import simulate as publish
from capture.simulate.doings import Doors, act, away
from proctoring.cli.output import common, operator, show
from proctoring.cli.sessions import invitation
from proctoring.clock import to_unix_ms
from proctoring.compose.parts import Parts, parts
from proctoring.exams import service as exams
from proctoring.exams.model import CaptureProfile, CountFrom, Regulation, Stream
from proctoring.recordings import ending
from proctoring.sessions import service as sessions

REGULATION = Regulation(14, CountFrom.RESULTS, "Europe/Brussels", 90)
EVERY_S = 5
TITLE = "Insurance distribution, module 2"


@click.command()
@click.option("--candidates", type=click.IntRange(1, 500), default=1, show_default=True)
@click.option("--seconds", type=click.FloatRange(5, 7200), default=60, show_default=True)
@click.option("--url", help="Base address of the service (where this data folder is served).")
@click.option("--codec", type=click.Choice(["H264", "VP8"]), default="H264", show_default=True)
@click.option("--gap", "with_gap", is_flag=True, help="The phone falls silent once and comes back.")
@click.option(
    "--eventful",
    is_flag=True,
    help="They answer and leave the room; the exam keeps logs and signals.",
)
@common
def simulate(
    data: Path | None,
    candidates: int,
    seconds: float,
    url: str | None,
    codec: str,
    with_gap: bool,
    eventful: bool,
) -> None:
    """Invite simulated candidates, publish their three streams, end their sessions."""
    made = parts(data)
    base_url = url or made.core.settings.base_url
    invited = invite(made, candidates, eventful)
    board = Board(seconds)

    async def publish_and_act() -> tuple[Summary, list[list[str]]]:
        recording = asyncio.Event()

        def progress(one: Progress) -> None:
            recording.set()
            board.tell(one)

        async def doings_of(doors: Doors) -> list[str]:
            await recording.wait()
            return await act(base_url, doors, seconds)

        return await asyncio.gather(
            publish(
                base_url,
                [_simulated(one) for one in invited],
                seconds,
                progress,
                codec="VP8" if codec == "VP8" else "H264",
                with_gap=with_gap,
                away=away(to_unix_ms(made.core.clock()), seconds) if eventful else HERE,
            ),
            asyncio.gather(*(doings_of(_doors(n, one)) for n, one in enumerate(invited) if eventful)),
        )

    summary, refused = asyncio.run(publish_and_act())
    board.end()
    with made.core.db.begin() as db:
        for one in invited:
            ending.finish(db, made.core, one["session_id"], operator())
    failures = [f"candidate {f.candidate + 1} {f.stream.value}: {f.problem}" for f in summary.failures]
    failures += [f"candidate {n + 1} {problem}" for n, one in enumerate(refused) for problem in one]
    ids = [one["session_id"] for one in invited]
    text = f"{len(summary.takes)} takes published, {len(failures)} failed; sessions {', '.join(ids)}"
    show({"sessions": ids, "takes": len(summary.takes), "failures": failures}, "\n".join([*failures, text]))
    if failures:
        sys.exit(1)


def invite(made: Parts, candidates: int, eventful: bool = False) -> list[dict[str, Any]]:
    """One exam and a session for each simulated candidate."""
    profile = CaptureProfile(tuple(Stream), activity_log=eventful, answers_log=eventful, signals=eventful)
    with made.core.db.begin() as db:
        exam = exams.create(db, made.core, operator(), TITLE, regulation=REGULATION, profile=profile)
        created = [
            sessions.create(db, made.core, operator(), exam.id, f"C-{48217 + number}")
            for number in range(candidates)
        ]
        return [{"exam_id": exam.id} | invitation(made, db, session) for session in created]


def _simulated(invited: dict[str, Any]) -> SimulatedSession:
    return SimulatedSession({Stream(name): token for name, token in invited["tokens"].items()})


def _doors(number: int, invited: dict[str, Any]) -> Doors:
    tokens = {"activity": invited["events_token"], "answers": invited["answers_token"]}
    return Doors(invited["session_id"], tokens, invited["candidate_url"], number)


class Board:
    """Progress on standard error: one line that is written over on a terminal, else a line every EVERY_S."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._last: dict[tuple[int, Stream], Progress] = {}
        self._said = ""
        self._terminal = sys.stderr.isatty()

    def tell(self, progress: Progress) -> None:
        """Say how far all of them are, if that is another line than before."""
        self._last[progress.candidate, progress.stream] = progress
        line = board_line(list(self._last.values()), self._seconds)
        if line != self._said:
            self._said = line
            click.echo(f"\r\x1b[K{line}" if self._terminal else line, nl=not self._terminal, err=True)

    def end(self) -> None:
        """Leave the last line standing."""
        if self._terminal and self._said:
            click.echo(err=True)


def board_line(states: Sequence[Progress], seconds: float) -> str:
    """How far they are: the longest that one has sent, to EVERY_S, and what each does, or how many."""
    sent_s = int(max(one.sent_s for one in states) // EVERY_S * EVERY_S)
    if len(states) <= len(Stream):
        doing = ", ".join(f"{one.stream.value} {one.step.value}" for one in states)
    else:
        counted = Counter(one.step.value for one in states)
        doing = "streams: " + ", ".join(f"{count} {step}" for step, count in sorted(counted.items()))
    return f"  {sent_s:4} of {seconds:.0f} s  {doing}"
