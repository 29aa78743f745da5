"""The command `proctoring`, and the composition root: the one place that knows every edge."""

import logging
from importlib import import_module

import click

from proctoring import logs

# In the order of the help page. A module is imported when its command is asked for, so that none waits
# for the libraries of the others.
MODULES = {
    **{"serve": "serve", "capture": "capture", "review": "serve"},
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


class Commands(click.Group):
    """The commands of MODULES, each a function of its own name in its module."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in MODULES:
            return None
        command: click.Command = getattr(import_module(f"{__name__}.{MODULES[cmd_name]}"), cmd_name)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """Online proctoring: capture, review and erasure of exam recordings, each step provable."""
    logs.configure(logging.WARNING)
