"""Things that every subcommand shares: `--data`, `--json`, one way to print, and exit codes 0, 1, 2.

0: done. 1: refused or failed, with what to do on standard error. 2: the command line was not understood.
"""

import errno
import functools
import getpass
import io
import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

import click

from proctoring.clock import parse_instant
from proctoring.custody.model import Actor

Command = Callable[..., Any]
ACCOUNT = re.compile(r"[\w.@\\+-]{1,64}")
"""An account's name, a domain's included."""


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


class Folder(click.Path):
    """A folder by its name, with any characters. Refuses an empty name, such as an unset variable gives."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("it is empty; name a folder, or leave the option out", param, ctx)
        return super().convert(value, param, ctx)


def common(function: Command) -> Command:
    """Add `--data` and `--json` to a subcommand; every error becomes two sentences and exit code 1."""

    @click.option("--data", type=Folder(), help="Folder that keeps everything (./data).")
    @click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
    @functools.wraps(function)
    def wrapped(*args: Any, as_json: bool, **kwargs: Any) -> Any:
        click.get_current_context().obj = as_json
        try:
            return function(*args, **kwargs)
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.errno == errno.EPIPE:
                raise  # who reads our output went away: click ends quietly
            from proctoring.cli.faults import told  # the drivers whose errors it knows

            said = told(error)
            fail(said.title, said.detail, said.remedy)

    return wrapped


def fail(title: str, detail: str, remedy: str) -> NoReturn:
    """Say what is the matter and what to do; exit 1."""
    refuse(title, detail, remedy, bool(click.get_current_context().obj), exit_code=1)


def refuse(title: str, detail: str, remedy: str, as_json: bool, exit_code: int) -> NoReturn:
    """The same before a command was found."""
    if as_json:
        click.echo(json.dumps({"error": title, "detail": detail, "remedy": remedy}), err=True)
    else:
        click.echo(f"{title}: {detail}\n{remedy}".rstrip(), err=True)
    sys.exit(exit_code)


def show(data: Mapping[str, Any], text: str) -> None:
    """Print the result: `data` with `--json`, else `text`."""
    if not click.get_current_context().obj:
        click.echo(text)
        return
    in_ascii = (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "") != "utf8"
    click.echo(json.dumps(data, indent=2, ensure_ascii=in_ascii))


def speak_everywhere() -> None:
    """Print what the terminal's encoding lacks as an escape, such as \\u05d0, instead of failing over it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def operator() -> Actor:
    """Who acts on the command line: the account that may read the keys, as the ledger names it."""
    try:
        account = getpass.getuser()
    except (OSError, KeyError):  # a user id without a name
        account = ""
    if not ACCOUNT.fullmatch(account):  # as the environment may claim it: not for the ledger
        account = str(os.getuid())
    return Actor(f"cli:{account}", "operator")
