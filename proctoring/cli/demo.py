"""Demo of `make run`: a recorded session to review, an invitation to try, a sign-in for each role."""

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass

import click
from sqlalchemy import select

from proctoring.access import service as access
from proctoring.access.model import Role
from proctoring.casework import results
from proctoring.cli.output import operator
from proctoring.cli.sessions import invitation
from proctoring.compose.parts import Parts
from proctoring.errors import NotFound
from proctoring.exams import service as exams
from proctoring.sessions import service as sessions
from proctoring.sessions.model import SessionState
from proctoring.sessions.rows import SessionRow

SECONDS = 45
CANDIDATE = "C-48301"
ONCE = "A sign-in link works once; `proctoring user link NAME` makes another."


@dataclass(frozen=True, slots=True)
class Part:
    """Whose link it is, and what to do there."""

    title: str
    name: str
    role: Role
    then: str


PARTS = (
    Part("reviewer", "M. Claes", Role.PROCTOR, "play C-48217, look at its flags, claim it, decide"),
    Part(
        "second reviewer",
        "T. Peeters",
        Role.PROCTOR,
        "under Incidents, play it, agree or do not; later, close it",
    ),
    Part("committee", "Appeals committee", Role.COMMITTEE, "answer what the candidate appeals against"),
    Part(
        "privacy desk",
        "Privacy officer",
        Role.PRIVACY_OFFICER,
        "see what goes when, and what is held and why",
    ),
    Part("auditor", "Auditor", Role.AUDITOR, "read in the custody ledger who did what, and who looked"),
)


async def run(made: Parts, still_serving: Callable[[], bool]) -> None:
    """Record once, then print the links. Nothing is recorded again in a data folder that has a recording."""
    with made.core.db.read() as db:
        ended = select(SessionRow.id).where(SessionRow.state == SessionState.ENDED.value)
        first_time = db.scalar(ended.limit(1)) is None
    if first_time:
        click.echo(f"\nA simulated candidate sits an exam, for {SECONDS} s, through real WebRTC:")
        if await _simulate(made) != 0 and still_serving():
            click.echo("the simulated candidate failed; the service runs all the same", err=True)
    if still_serving():
        click.echo(_links(made))


async def _simulate(made: Parts) -> int:
    command = [
        sys.executable,
        "-m",
        "proctoring",
        "simulate",
        "--seconds",
        str(SECONDS),
        "--gap",
        "--eventful",
    ]
    command += ["--data", str(made.core.settings.data)]
    process = await asyncio.create_subprocess_exec(*command)
    code = await process.wait()
    with made.core.db.begin() as db:
        for exam in exams.list_exams(db):
            results.publish_results(db, made.core, operator(), exam.id)
    return code


def _links(made: Parts) -> str:
    lines = [
        "",
        "Open these, in this order. A sign-in link works once; `proctoring user link NAME` makes another.",
        "",
    ]
    with made.core.db.begin() as db:
        for part in PARTS:
            try:
                person = access.find_user(db, part.name)
            except NotFound:
                person = access.add_user(db, made.core, operator(), part.name, part.role)
            token = access.new_link(db, made.core, operator(), person)
            lines += _link(part.title, f"{made.core.settings.base_url}/sign-in/{token}", part.then)
        exam = exams.list_exams(db)[0]
        invited = sessions.create(db, made.core, operator(), exam.id, CANDIDATE)
        url = invitation(made, db, invited)["candidate_url"]
        lines += _link("candidate", url, "sit the exam yourself, with your own camera, phone and screen")
    return "\n".join([*lines, "", "Stop with Ctrl-C. The same command goes on where you stopped."])


def _link(title: str, url: str, then: str) -> list[str]:
    return [f"  {title:16} {url}", f"  {'':16} {then}"]
