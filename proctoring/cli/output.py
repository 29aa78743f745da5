"""What every subcommand shares: `--data`, `--json`, one way to print, and exit codes 0, 1, 2.

0: done. 1: refused or failed, with what to do on standard error. 2: the command line was not understood.
"""

import functools
import getpass
import json
import os
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from proctoring.clock import parse_instant
from proctoring.custody.model import Actor
from proctoring.errors import CoreError
from storage.errors import VaultError

Command = Callable[..., Any]


class Instant(click.ParamType[datetime]):
    """An RFC 3339 instant with its offset."""

    name = "instant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return parse_instant(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


def common(function: Command) -> Command:
    """Add `--data` and `--json` to a subcommand, and turn our errors into exit code 1."""

    @click.option("--data", type=click.Path(path_type=Path), help="Folder that keeps everything (./data).")
    @click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
    @functools.wraps(function)
    def wrapped(*args: Any, as_json: bool, **kwargs: Any) -> Any:
        click.get_current_context().obj = as_json
        try:
            return function(*args, **kwargs)
        except CoreError as error:
            fail(error.title, error.detail, error.remedy)
        except VaultError as error:
            fail("The vault refused", str(error), "Check the data folder and its keys.")

    return wrapped


def fail(title: str, detail: str, remedy: str) -> None:
    """Say what is the matter and what to do; exit 1."""
    if click.get_current_context().obj:
        click.echo(json.dumps({"error": title, "detail": detail, "remedy": remedy}), err=True)
    else:
        click.echo(f"{title}: {detail}\n{remedy}".rstrip(), err=True)
    sys.exit(1)


def show(data: Mapping[str, Any], text: str) -> None:
    """Print the result: `data` with `--json`, else `text`."""
    click.echo(json.dumps(data, indent=2, ensure_ascii=False) if click.get_current_context().obj else text)


def operator() -> Actor:
    """Who acts on the command line: the account that may read the keys, as the ledger names it."""
    try:
        account = getpass.getuser()
    except OSError:
        account = str(os.getuid())
    return Actor(f"cli:{account}", "operator")
