"""The command `proctoring`, and the composition root: the one place that knows every edge."""

import ast
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import click
from click.exceptions import NoSuchCommand

from proctoring import logs
from proctoring.cli.output import refuse, speak_everywhere
from proctoring.text import is_unicode

# In the order of the help page. A module is imported when its command is asked for, so that none waits
# for the libraries of the others.
MODULES = {
    **{"serve": "serve", "capture": "capture", "review": "review"},
    **dict.fromkeys(("worker", "beat"), "jobs"),
    **{"init": "init", "doctor": "doctor"},
    **{"exam": "exams", "session": "sessions", "hold": "holds", "purge": "purge"},
    **dict.fromkeys(("export", "verify"), "export"),
    **{
        "user": "users",
        "key": "keys",
        "ledger": "ledger",
        "quarantine": "quarantine",
        "simulate": "simulate",
    },
}


JSON_ASKED = f"{__name__}.json"


class Commands(click.Group):
    """The commands of MODULES, each a function of its own name in its module.

    An argument that is not text in the terminal's encoding is refused before any command sees it. With --json
    every refusal is JSON, also that of a command line with an unknown command or option.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        speak_everywhere()
        for number, given in enumerate(args, start=1):
            if not is_unicode(given):
                _refuse_bytes(number, given, "--json" in args)
        ctx.meta[JSON_ASKED] = "--json" in args
        with _told_as_asked(ctx):
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        with _told_as_asked(ctx):
            return super().invoke(ctx)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except NoSuchCommand as error:  # which knows no command that was not imported yet
            raise NoSuchCommand(error.command_name, possibilities=MODULES, ctx=ctx) from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(MODULES)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each with the first sentence of its docstring, read from the source: nothing is imported for it."""
        chars_max = formatter.width - 6 - max(map(len, MODULES))
        with formatter.section("Commands"):
            told = [click.Command(name, help=_docstring(name)) for name in MODULES]
            formatter.write_dl([(one.name or "", one.get_short_help_str(chars_max)) for one in told])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in MODULES:
            return None
        command: click.Command = getattr(import_module(f"{__name__}.{MODULES[cmd_name]}"), cmd_name)
        return command


def _docstring(command: str) -> str:
    tree = ast.parse((Path(__file__).parent / f"{MODULES[command]}.py").read_text())
    made = (one for one in tree.body if isinstance(one, ast.FunctionDef) and one.name == command)
    return ast.get_docstring(next(made)) or ""


@contextmanager
def _told_as_asked(ctx: click.Context) -> Iterator[None]:
    try:
        yield
    except click.UsageError as error:
        if not ctx.meta[JSON_ASKED]:
            raise
        refuse(
            "Not understood",
            error.format_message(),
            f"`{(error.ctx or ctx).command_path} --help` says what can be given.",
            as_json=True,
            exit_code=error.exit_code,
        )


def _refuse_bytes(number: int, given: str, as_json: bool) -> NoReturn:
    shown = given.encode(errors="surrogateescape").decode(errors="backslashreplace")
    shown = "".join(c if c.isprintable() else "?" for c in shown)
    refuse(
        "Not understood",
        f"Argument {number}, “{shown}”, is not valid UTF-8.",
        "Set the terminal, or the file that the words come from, to UTF-8 and run it again.",
        as_json,
        exit_code=2,
    )


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """Online proctoring: capture, review and erasure of exam recordings, each step provable."""
    logs.configure(logging.WARNING)
