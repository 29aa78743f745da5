"""`proctoring hold …`: keep evidence beyond its due date, and stop keeping it.

On the command line the exam body acts through any person who may read its keys. Such a hold belongs to the
exam body, and the ledger names the account that placed or released it. On the pages, where people are signed
in, nobody releases their own incident or appeal hold.
"""

from datetime import datetime
from pathlib import Path

import click

from proctoring.casework import procedures
from proctoring.cli.output import Instant, common, operator, show
from proctoring.clock import iso
from proctoring.compose.parts import parts
from proctoring.holds import service
from proctoring.holds.model import Hold, HoldKind
from proctoring.text import isolated

OWNER = "exam-body"


@click.group()
def hold() -> None:
    """Why evidence may not be erased yet."""


@hold.command()
@click.argument("session_id", metavar="SESSION")
@click.option("--kind", type=click.Choice([kind.value for kind in HoldKind]), required=True)
@click.option("--reason", required=True)
@click.option("--owner", default=OWNER, show_default=True, help="Who answers for this hold.")
@click.option("--review-at", type=Instant(), help="When it is looked at again (in 60 days).")
@common
def add(
    data: Path | None, session_id: str, kind: str, reason: str, owner: str, review_at: datetime | None
) -> None:
    """Hold all evidence of a session."""
    made = parts(data)
    with made.core.db.begin() as db:
        placed = service.place(
            db,
            made.core,
            operator(),
            session_id,
            HoldKind(kind),
            reason=reason,
            owner=owner,
            review_at=review_at,
        )
    show(_json(placed), f"hold {placed.id}")


@hold.command()
@click.argument("hold_id", metavar="HOLD")
@common
def release(data: Path | None, hold_id: str) -> None:
    """End a hold; what is due and unheld goes with the next purge."""
    made = parts(data)
    with made.core.db.begin() as db:
        released = procedures.release(db, made.core, operator(), hold_id)
    show(_json(released), f"hold {released.id} released")


@hold.command("list")
@common
def list_(data: Path | None) -> None:
    """Holds in force, the oldest first."""
    made = parts(data)
    with made.core.db.read() as db:
        holds = service.active(db)
    lines = [
        f"{hold.id}  {hold.session_id}  {hold.kind.value:11}  since {iso(hold.placed_at)}  "
        f"{isolated(hold.reason)}"
        for hold in holds
    ]
    show({"holds": [_json(hold) for hold in holds]}, "\n".join(lines) or "no holds")


def _json(hold: Hold) -> dict[str, str | None]:
    return {
        "hold_id": hold.id,
        "session_id": hold.session_id,
        "kind": hold.kind.value,
        "reason": hold.reason,
        "owner": hold.owner,
        "placed_at": iso(hold.placed_at),
        "review_at": iso(hold.review_at),
        "released_at": iso(hold.released_at) if hold.released_at else None,
    }
