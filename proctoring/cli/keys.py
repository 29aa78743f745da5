"""`proctoring key …`: the epochs that everything is sealed to, and the secret that links are signed with."""

from pathlib import Path

import click
from sqlalchemy import func, select

from proctoring import link_secrets
from proctoring.cli.output import common, show
from proctoring.compose.parts import parts
from proctoring.data_folder import DataFolder
from proctoring.units.rows import UnitRow
from storage import durable


@click.group()
def key() -> None:
    """Key epochs, which `serve` rotates by itself, and the secret for links."""


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


@key.command("rotate-links")
@click.option("--revoke", is_flag=True, help="End every earlier link and token at once, as after a leak.")
@common
def rotate_links(data: Path | None, revoke: bool) -> None:
    """A new secret for links and tokens; those that there are stay valid until their end."""
    file = DataFolder(parts(data).core.settings.data).links_secret
    content = link_secrets.rotated(file.read_bytes(), revoke)
    durable.replace(file, content)
    newest, *earlier = map(link_secrets.key_id, link_secrets.split(content))
    kept = (
        f"{len(earlier)} earlier ones still open what they signed"
        if earlier
        else "no earlier link opens anything"
    )
    text = f"new secret {newest}; {kept}. Restart what serves candidates: it reads the file as it starts."
    show({"newest": newest, "earlier": earlier}, text)
