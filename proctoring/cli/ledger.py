"""`proctoring ledger …`: check the custody chain and every other proof the database holds."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from sqlalchemy.orm import Session as Db

from proctoring.casework import summaries
from proctoring.cli.output import common, show
from proctoring.clock import iso
from proctoring.compose.parts import parts
from proctoring.custody.model import Entry
from proctoring.custody.service import head
from proctoring.proofs.all_rows import compare_all_rows
from proctoring.proofs.chains import ledger_faults, object_faults, refusals, restorations, seen_with
from proctoring.proofs.signed_heads import Fault
from proctoring.tolerant import UNREADABLE
from storage.proofs import witness


@click.group()
def ledger() -> None:
    """The custody ledger."""


@ledger.command()
@click.option("--objects", is_flag=True, help="Read every stored segment too, and compare its hash.")
@click.option(
    "--copy",
    type=click.Path(path_type=Path),
    help="The checkpoints copied off the host (PROCTORING_CHECKPOINT_COPY).",
)
@common
def verify(data: Path | None, objects: bool, copy: Path | None) -> None:
    """Recompute ledger, manifests and checkpoints; compare them with what was copied off the host, and every
    row with what the ledger tells."""
    made = parts(data)
    copy = copy or made.core.settings.checkpoint_copy
    lines = _Lines(copy)
    faults: list[Fault] = []
    restored: list[Entry] = []
    refused: list[Entry] = []
    with made.core.db.read() as db:
        manifests = seen_with(db, made.worker.signer.public, lines.read())
        faults += lines.faults
        rows = compare_all_rows(db, manifests.see)
        try:
            faults += ledger_faults(db, made.worker.signer.public, manifests=manifests)
            if objects:
                faults += object_faults(db, made.review.objects)
            restored, refused = restorations(db), refusals(db)
        except UNREADABLE as error:
            faults.append(Fault("rows.unreadable", f"chains cannot be read to their end: {error}"))
        faults += [Fault(one.code, str(one)) for one in rows.faults]
        faults += _summaries(db)
        number, hashed = head(db)
    result = {
        "entries": number,
        "head": hashed,
        "ok": not faults,
        "copied": manifests.heads.copied.lines,
        "copied_unreadable": lines.unread,
        "not_told": rows.untold,
        "restored": [{"number": entry.number, "at": iso(entry.at)} | entry.detail for entry in restored],
        "keys_refused": [
            {"number": entry.number, "at": iso(entry.at), "session": entry.session_id, "unit": entry.unit_id}
            for entry in refused
        ],
        "faults": [{"code": fault.code, "detail": fault.detail} for fault in faults],
    }
    told = [_told(entry) for entry in restored] + [_refused(entry) for entry in refused]
    if not faults:
        compared = (
            f", {manifests.heads.copied.lines} copied proofs agree"
            if copy
            else ", no copied proofs to compare with"
        )
        show(
            result,
            "\n".join([*told, f"PASS  {number} entries, head {hashed}{compared}{_untold(rows.untold)}"]),
        )
        return
    if click.get_current_context().obj:
        click.echo(json.dumps(result | {"error": "FAIL", "remedy": _REMEDY}, indent=2))
    else:
        click.echo("\n".join([*told, *(f"FAIL  {one.code}  {one.detail}" for one in faults), _REMEDY]))
    sys.exit(1)


def _untold(columns: int) -> str:
    return f"; {columns} columns are not told by the ledger: see docs/formats/proofs.md" if columns else ""


def _summaries(db: Db) -> Iterator[Fault]:
    """What pages list and count by, where it is not what the rows say."""
    for one in summaries.all_differing(db):
        what = " ".join(one.columns) or "there is none"
        yield Fault("summary.differs", f"summary of session {one.session_id}: {what}")
    for exam_id in summaries.miscounted(db):
        yield Fault("summary.miscounted", f"counts of exam {exam_id}")


def _told(entry: Entry) -> str:
    kept, lost = (f"{entry.detail[name]} ({entry.detail[f'{name}_root']})" for name in ("kept", "lost"))
    heads = f"kept {kept}, lost {lost}"
    return f"RESTORED  entry {entry.number}, {iso(entry.at)}, {heads}: {entry.detail['reason']}"


def _refused(entry: Entry) -> str:
    unit = f"the {entry.detail['stream']} of session {entry.session_id}"
    return f"REFUSED   entry {entry.number}, {iso(entry.at)}, {unit}: its row held a key that was not its own"


_REMEDY = "Keep the database as it is; compare with an earlier backup, and see who could write to it since."


class _Lines:
    """The copied proofs as they are read; then `unread` and `faults` say how that went."""

    def __init__(self, copy: Path | None) -> None:
        self.unread = 0
        self.faults: list[Fault] = []
        self._copy = copy

    def read(self) -> Iterator[witness.Line]:
        if self._copy is None:
            return
        try:
            for line, _ in witness.follow(self._copy, cut=True):
                if line is None:
                    self.unread += 1
                else:
                    yield line
        except OSError as error:
            self.faults.append(Fault("copy.unreadable", f"{self._copy}: {error.strerror}"))
