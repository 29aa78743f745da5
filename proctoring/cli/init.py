"""`proctoring init` makes what is missing; `proctoring doctor` checks what is there."""

import sys
from collections.abc import Callable
from pathlib import Path

import click

from proctoring import settings as configuration
from proctoring.cli.compose import Parts, parts, prepare
from proctoring.cli.key_service import prepare_key_service
from proctoring.cli.output import common, show
from proctoring.cli.stores import prepare_store
from proctoring.errors import CoreError
from storage.errors import VaultError


@click.command()
@common
def init(data: Path | None) -> None:
    """Make data folder, schema and keys; on MinIO bucket, users and policies, on a key service its engine,
    policies and logins; harmless to repeat."""
    settings = configuration.load(data=data)
    made = prepare(settings) + prepare_store(settings) + prepare_key_service(settings)
    show({"made": made}, "\n".join(f"made {thing}" for thing in made) or "everything is there already")


@click.command()
@common
def doctor(data: Path | None) -> None:
    """Check configuration, database, store and keys; exit 1 on a fault."""
    made = parts(data)
    results = {name: _try(check, made) for name, check in CHECKS.items()}
    lines = [
        f"{'FAULT' if fault else 'ok':5}  {name}{': ' + fault if fault else ''}"
        for name, fault in results.items()
    ]
    show(
        {"ok": not any(results.values()), "faults": {k: v for k, v in results.items() if v}}, "\n".join(lines)
    )
    if any(results.values()):
        sys.exit(1)


def _database(made: Parts) -> None:
    made.core.db.check()


def _store(made: Parts) -> None:
    made.stores.check()


def _keys(made: Parts) -> None:
    """A key sealed now opens now: public and private half belong together."""
    unit_id = made.core.new_id()
    made.opener.unit(unit_id, made.core.sealer.new_unit_key(unit_id))


CHECKS: dict[str, Callable[[Parts], None]] = {"database": _database, "object store": _store, "keys": _keys}


def _try(check: Callable[[Parts], None], made: Parts) -> str | None:
    try:
        check(made)
    except (CoreError, VaultError, OSError, ValueError) as error:
        return str(error)
    return None
