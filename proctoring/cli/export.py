"""`proctoring export` makes an evidence package; `proctoring verify` checks one, offline, by itself."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from proctoring.access import service as access
from proctoring.cli.output import common, operator, show
from proctoring.cli.users import find
from proctoring.compose.parts import Parts, parts, watched
from proctoring.disclosures.model import BY_TWO, Asked, Ground
from proctoring.errors import Invalid, NotFound
from proctoring.evidence.export import Exporter
from proctoring.proofs.restorations import declared
from proctoring.proofs.words import words_of
from storage.errors import Refused
from storage.package.verify import verify as check
from storage.proofs import witness
from storage.proofs.checkpoint import Checkpoint, read_checkpoint
from storage.proofs.timestamp import Roots, read_roots

PUBLIC_KEY_BYTES = 32


@click.command()
@click.argument("session_id", metavar="SESSION")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Folder to make; must not exist yet."
)
@click.option("--for", "recipient", help="Whom it is for: a reference, no name (the account that exports).")
@click.option("--request", metavar="REF", help="The candidate asked for it: the reference that you declare.")
@click.option(
    "--ground",
    type=click.Choice([ground.value for ground in BY_TWO]),
    help="Why somebody outside gets it; needs --second.",
)
@click.option(
    "--second",
    metavar="NAME|ID",
    help="The privacy officer whom you name; you have asked them.",
)
@click.option("--identity", is_flag=True, help="With the copy of the identity card, which stays here else.")
@common
def export(
    data: Path | None,
    session_id: str,
    out: Path,
    recipient: str | None,
    request: str | None,
    ground: str | None,
    second: str | None,
    identity: bool,
) -> None:
    """Make an evidence package of a session; entered in the ledger before a byte leaves.

    For the committee while an appeal of the session is open; for the candidate, on a reference that you
    declare; for others on a ground, with a privacy officer whom you name. Nobody is asked here: the ledger
    has what you declared, and the candidate's page tells each copy: when, to whom, why. A service that is
    being tried out (PROCTORING_ENV=dev) asks for no ground.
    """
    if request is not None and ground is not None:
        raise click.UsageError("--request and --ground exclude each other.")
    made = watched(parts(data))
    actor = operator()
    asked = _asked(made, request, ground, second, identity)
    exporter = Exporter(made.core, made.review.objects, made.review.opener, made.worker.signer, words_of)
    package = exporter.export(session_id, out, actor, recipient or request or actor.id, asked)
    segments = sum(stream.leaves for stream in package.streams)
    result = {
        "package": package.package,
        "session_id": session_id,
        "folder": str(out),
        "for": package.recipient,
        "segments": segments,
        "ledger_number": package.ledger_number,
        "public_key": package.public_key,
    }
    text = f"package {package.package}: {segments} segments in {out}, ledger entry {package.ledger_number}"
    show(result, f"{text}\nkey {package.public_key}")


def _asked(made: Parts, request: str | None, ground: str | None, second: str | None, identity: bool) -> Asked:
    """Raises NotFound for a second person whom nobody knows."""
    found = Ground.REQUEST if request is not None else Ground(ground) if ground else None
    if second is None:
        return Asked(found, request, None, identity)
    with made.core.db.read() as db:
        return Asked(found, request, find(access.users(db), second), identity)


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--key", type=click.Path(path_type=Path), help="The signing key's public half, as published.")
@click.option("--copy", type=click.Path(path_type=Path), help="Checkpoints that were copied off the host.")
@click.option(
    "--tsa-cert",
    type=click.Path(path_type=Path),
    help="Certificates (PEM) of the time-stamp authorities that you trust; then a time-stamp must be there.",
)
@common
def verify(
    data: Path | None, folder: Path, key: Path | None, copy: Path | None, tsa_cert: Path | None
) -> None:
    """Check an evidence package with the package alone; exit 1 on any FAIL."""
    _look(folder)
    pinned = _read_key(key) if key is not None else None
    roots = _read_roots(tsa_cert) if tsa_cert is not None else None
    histories = _read_copies(copy, pinned) if copy is not None else [()]
    reports = [check(folder, pinned, histories[0], roots)]
    while not reports[0].ok and len(reports) < len(histories):
        # Made before the database was restored, it agrees with the copies of then.
        reports.append(check(folder, pinned, histories[len(reports)], roots))
    report = next((one for one in reports if one.ok), reports[0])
    lines = [one.line() for one in report.checks]
    if report.ok and report is not reports[0]:
        lines.append("it agrees with the copies of a history that a later restore lost, and declared lost")
    lines.append(
        "the package proves what it says" if report.ok else "the package does NOT prove what it says"
    )
    show({"ok": report.ok, "checks": [one.json() for one in report.checks]}, "\n".join(lines))
    if not report.ok:
        sys.exit(1)


def _look(folder: Path) -> None:
    """Raises NotFound where there is nothing that could be checked."""
    remedy = "Name the folder that `proctoring export` made, or where you unpacked it."
    if not folder.exists():
        raise NotFound(f"There is nothing at {folder}.", remedy)
    if not folder.is_dir():
        raise NotFound(f"{folder} is a file, and an evidence package is a folder.", remedy)
    if not any(folder.iterdir()):
        raise NotFound(f"The folder {folder} is empty.", remedy)


def _read_key(path: Path) -> bytes:
    try:
        key = path.read_bytes()
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}.", "Give the file signing.pub.") from error
    if len(key) != PUBLIC_KEY_BYTES:
        raise Invalid(f"{path} is no public key.", f"Give the file signing.pub, {PUBLIC_KEY_BYTES} bytes.")
    return key


def _read_roots(path: Path) -> Roots:
    try:
        return read_roots(path.read_bytes())
    except (OSError, Refused) as error:
        raise Invalid(f"{path}: {error}.", "Give the certificates in PEM, one behind the other.") from error


def _read_copies(path: Path, pinned: bytes | None) -> list[Sequence[Checkpoint]]:
    """The copied checkpoints that hold, then those of each lost history, the newest first."""
    if pinned is None:
        raise Invalid("Copies prove nothing without the key.", "Give --key too.")
    try:
        found = declared(witness.read(path)[0], pinned)
        return [
            [read_checkpoint(line, pinned) for line in history if isinstance(line, str)]
            for history in (found.standing, *reversed(found.lost))
        ]
    except (OSError, Refused) as error:
        raise Invalid(f"{path}: {error}.", "Give the file of PROCTORING_CHECKPOINT_COPY.") from error
