"""The command `proctoring`, and the composition root: the one place that knows every edge."""

import logging

import click

from proctoring import logs
from proctoring.cli.capture import capture
from proctoring.cli.doctor import doctor
from proctoring.cli.exams import exam
from proctoring.cli.export import export, verify
from proctoring.cli.holds import hold
from proctoring.cli.init import init
from proctoring.cli.jobs import beat, worker
from proctoring.cli.keys import key
from proctoring.cli.ledger import ledger
from proctoring.cli.purge import purge
from proctoring.cli.quarantine import quarantine
from proctoring.cli.serve import review, serve
from proctoring.cli.sessions import session
from proctoring.cli.simulate import simulate
from proctoring.cli.users import user


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """Online proctoring: capture, review and erasure of exam recordings, each step provable."""
    logs.configure(logging.WARNING)


COMMANDS = (
    *(serve, capture, review, worker, beat, init, doctor, exam, session, hold, purge),
    *(export, verify, user, key, ledger, quarantine, simulate),
)
for command in COMMANDS:
    main.add_command(command)
