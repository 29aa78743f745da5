"""What `make run` shows: a recorded session to review, an invitation to try, a sign-in for each role."""

import asyncio
import sys
from collections.abc import Callable

import click
from sqlalchemy import select

from proctoring.access import service as access
from proctoring.access.model import Role
from proctoring.cli.compose import Parts
from proctoring.cli.output import operator
from proctoring.cli.sessions import invitation
from proctoring.errors import NotFound
from proctoring.exams import service as exams
from proctoring.exams.rows import ExamRow
from proctoring.sessions import service as sessions

SECONDS = 45
PEOPLE = {
    "reviewer": ("M. Claes", Role.PROCTOR, "/queue"),
    "second reviewer": ("T. Peeters", Role.PROCTOR, "/incidents"),
    "committee": ("Appeals committee", Role.COMMITTEE, "/appeals"),
    "privacy desk": ("Privacy officer", Role.PRIVACY_OFFICER, "/retention"),
    "auditor": ("Auditor", Role.AUDITOR, "/ledger"),
}


async def run(made: Parts, still_serving: Callable[[], bool]) -> None:
    """Record once, then print the links. Nothing is recorded again in a data folder that has an exam."""
    with made.core.db.read() as db:
        first_time = db.scalar(select(ExamRow.id).limit(1)) is None
    if first_time:
        click.echo(f"recording a simulated candidate for {SECONDS} s through WebRTC:")
        if await _simulate(made) != 0 and still_serving():
            click.echo("the simulated candidate failed; the service runs all the same", err=True)
    if still_serving():
        click.echo(_links(made))


async def _simulate(made: Parts) -> int:
    command = [sys.executable, "-m", "proctoring", "simulate", "--seconds", str(SECONDS), "--gap"]
    command += ["--data", str(made.core.settings.data)]
    process = await asyncio.create_subprocess_exec(*command)
    code = await process.wait()
    with made.core.db.begin() as db:
        for exam in exams.list_exams(db):
            exams.publish_results(db, made.core, operator(), exam.id, made.core.clock())
    return code


def _links(made: Parts) -> str:
    lines = ["", "open these (each sign-in works once):"]
    with made.core.db.begin() as db:
        exam = exams.list_exams(db)[0]
        invited = sessions.create(db, made.core, operator(), exam.id, "C-48301")
        lines.append(f"  candidate         {invitation(made, db, invited)['candidate_url']}")
        for what, (name, role, _) in PEOPLE.items():
            try:
                person = access.find_user(db, name)
            except NotFound:
                person = access.add_user(db, made.core, operator(), name, role)
            token = access.new_link(db, made.core, operator(), person)
            lines.append(f"  {what:17} {made.core.settings.base_url}/sign-in/{token}")
    return "\n".join([*lines, "", "stop with Ctrl-C"])
