"""`proctoring user …`: staff members and their one-time sign-in links."""

from pathlib import Path

import click

from proctoring.access import service
from proctoring.access.model import Role
from proctoring.cli.compose import parts
from proctoring.cli.output import common, operator, show
from proctoring.text import isolated


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
@click.argument("name")
@common
def link(data: Path | None, name: str) -> None:
    """Make a new one-time sign-in link for a staff member."""
    made = parts(data)
    with made.core.db.begin() as db:
        token = service.new_link(db, made.core, operator(), service.find_user(db, name))
    url = f"{made.core.settings.base_url}/sign-in/{token}"
    show({"name": name, "sign_in_url": url}, url)


@user.command("list")
@common
def list_(data: Path | None) -> None:
    """All staff members."""
    made = parts(data)
    with made.core.db.read() as db:
        people = service.users(db)
    rows = [{"user_id": person.id, "name": person.name, "role": person.role.value} for person in people]
    show(
        {"users": rows},
        "\n".join(f"{row['role']:16} {isolated(row['name'])}" for row in rows) or "nobody yet",
    )
