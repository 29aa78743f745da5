"""`proctoring user …`: staff members and their one-time sign-in links."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

import click

from proctoring.access import service
from proctoring.access.model import Person, Role
from proctoring.cli.output import common, operator, show
from proctoring.compose.parts import parts
from proctoring.errors import NotFound
from proctoring.text import isolated, without_directions


@click.group()
def user() -> None:
    """Staff members."""


@user.command()
@click.argument("name")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@common
def add(data: Path | None, name: str, role: str) -> None:
    """Add a staff member; prints a one-time sign-in link."""
    made = parts(data)
    with made.core.db.begin() as db:
        person = service.add_user(db, made.core, operator(), name, Role(role))
        token = service.new_link(db, made.core, operator(), person)
    url = f"{made.core.settings.base_url}/sign-in/{token}"
    show({"user_id": person.id, "name": person.name, "role": person.role.value, "sign_in_url": url}, url)


@user.command()
@click.argument("who", metavar="NAME|ID", nargs=-1, required=True)
@common
def link(data: Path | None, who: tuple[str, ...]) -> None:
    """Make a new one-time sign-in link for a staff member: by name, by id, or by a line of `user list`."""
    made = parts(data)
    with made.core.db.begin() as db:
        person = find(service.users(db), " ".join(who))
        token = service.new_link(db, made.core, operator(), person)
    url = f"{made.core.settings.base_url}/sign-in/{token}"
    show({"user_id": person.id, "name": person.name, "sign_in_url": url}, url)


def find(people: Sequence[Person], said: str) -> Person:
    """Whom an id, a name, or a line of `user list` names. Raises NotFound, with a name that is close."""
    asked = _plain(said)
    for one in people:
        if asked in (one.id, _plain(one.name), _plain(_line(one))):
            return one
    close = get_close_matches(asked, [one.name for one in people], n=1)
    raise NotFound(
        f"There is no staff member {isolated(said)}.",
        f"Did you mean {isolated(close[0])}?" if close else "`proctoring user list` shows who there is.",
    )


def _plain(text: str) -> str:
    return " ".join(without_directions(text).split())


def _line(person: Person) -> str:
    return f"{person.id}  {person.role.value:16} {isolated(person.name)}"


@user.command("list")
@common
def list_(data: Path | None) -> None:
    """All staff members."""
    made = parts(data)
    with made.core.db.read() as db:
        people = service.users(db)
    rows = [{"user_id": person.id, "name": person.name, "role": person.role.value} for person in people]
    show({"users": rows}, "\n".join(map(_line, people)) or "nobody yet")
