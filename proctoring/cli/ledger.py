"""`proctoring ledger …`: check the custody chain."""

from pathlib import Path

import click

from proctoring.cli.compose import parts
from proctoring.cli.output import common, fail, show
from proctoring.custody.model import first_break
from proctoring.custody.service import entries, head


@click.group()
def ledger() -> None:
    """The custody ledger."""


@ledger.command()
@common
def verify(data: Path | None) -> None:
    """Recompute every hash of the chain from its start."""
    made = parts(data)
    with made.core.db.read() as db:
        chain = entries(db)
        number, hashed = head(db)
    broken = first_break(chain)
    if broken is None and (len(chain), chain[-1].hash if chain else hashed) != (number, hashed):
        broken = len(chain) + 1
    if broken is not None:
        fail(
            "FAIL",
            f"the chain breaks at entry {broken} of {number}",
            "Compare with the last checkpoint or backup.",
        )
    show({"entries": number, "head": hashed, "ok": True}, f"PASS  {number} entries, head {hashed}")
