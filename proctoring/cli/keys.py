"""`proctoring key …`: the epochs that everything is sealed to."""

from pathlib import Path

import click
from sqlalchemy import func, select

from proctoring.cli.compose import parts
from proctoring.cli.output import common, show
from proctoring.recordings.rows import UnitRow


@click.group()
def key() -> None:
    """Key epochs; `serve` rotates them by itself."""


@key.command("list")
@common
def list_(data: Path | None) -> None:
    """Every epoch, and how many evidence units are sealed to it."""
    made = parts(data)
    sealed = select(UnitRow.kek_epoch, func.count()).where(UnitRow.sealed_private_key.is_not(None))
    with made.core.db.read() as db:
        units = dict(db.execute(sealed.group_by(UnitRow.kek_epoch)).all())
    rows = [{"epoch": epoch, "units": units.get(epoch, 0)} for epoch in made.worker.keys.epochs()]
    show({"epochs": rows}, "\n".join(f"{row['epoch']}  {row['units']} units" for row in rows))


@key.command()
@common
def rotate(data: Path | None) -> None:
    """One round now: this week's epoch, re-sealing, destruction of idle epochs."""
    resealed, destroyed = parts(data).worker.rotation().run()
    text = f"{resealed} units re-sealed; destroyed: {', '.join(destroyed) or 'none'}"
    show({"resealed": resealed, "destroyed": destroyed}, text)
