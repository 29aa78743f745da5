"""`proctoring quarantine …`: after a restore, see what is missing, do it again, answer for the rest."""

import sys
from pathlib import Path
from typing import Any

import click

from proctoring.cli.output import common, operator, show
from proctoring.clock import iso
from proctoring.compose.parts import Parts, parts, watch
from proctoring.errors import Invalid, Unavailable
from proctoring.quarantine.service import in_force
from proctoring.restore import lift as lifting
from proctoring.restore.compare import CopyWatch
from proctoring.restore.lift import Unproven, unproven
from proctoring.restore.missing import ProvenMissing


@click.group()
def quarantine() -> None:
    """A database put back to a backup serves nothing until it is whole, or a person answers for the rest."""


@quarantine.command("show")
@common
def show_(data: Path | None) -> None:
    """Compare with the copied proofs: what can be done again, and what nobody can prove. Changes nothing."""
    made = parts(data)
    watching = _watch(made)
    found = watching.compare()
    with made.core.db.read() as db:
        standing = in_force(db)
        lost = unproven(db, watching.copied, found, standing) if standing else None
    result: dict[str, Any] = {
        "quarantine": None,
        "missing": _missing(found),
        "unproven": _unproven(lost) if lost else None,
        "unread_lines": watching.copied.unproven,
    }
    if standing is None:
        text = "no quarantine"
        if found:
            text = "no quarantine yet, and the copy knows more: it begins with the next look of the service"
        show(result, text)
        return
    result["quarantine"] = {
        "id": standing.id,
        "begun_at": iso(standing.begun_at),
        "kept": standing.kept,
        "lost": standing.lost,
    }
    assert lost is not None
    head = f"quarantine {standing.id} since {iso(standing.begun_at)}"
    shared = f"  ledger: the copy knows of {standing.lost} entries; {standing.kept} are surely the same here"
    show(result, "\n".join([head, shared, *_replayable(found), *_lost(lost), _next(found)]))


@quarantine.command()
@common
def replay(data: Path | None) -> None:
    """Do again what the copy proves: holds placed and released, evidence erased. Harmless to repeat."""
    made = parts(data)
    watching = _watch(made)
    watching.look()
    found = watching.compare()
    with made.core.db.read() as db:
        if in_force(db) is None:
            show({"quarantine": None}, "no quarantine: nothing is missing")
            return
    done = made.worker.replay().run(found, operator())
    result = {
        "holds": done.holds,
        "releases": done.releases,
        "erased": done.erased,
        "decided": done.decided,
        "failures": list(done.failures),
    }
    text = (
        f"{done.holds} holds placed and {done.releases} released again; {done.erased} units erased again, "
        f"{done.decided} more are finished by the next pass of the worker after lifting"
    )
    failed = [f"NOT erased: {failure}" for failure in done.failures]
    end = "Bring the object store back and repeat." if failed else "Now `proctoring quarantine show`."
    show(result, "\n".join([*failed, text, end]))
    if failed:
        sys.exit(1)


@quarantine.command()
@click.option(
    "--reason", required=True, help="Stands in the ledger for ever: what happened, who was asked. No names."
)
@common
def lift(data: Path | None, reason: str) -> None:
    """Serve again. The copy and the ledger declare both histories; `ledger verify` tells it every time."""
    made = parts(data)
    watching = _watch(made)
    copy = made.core.settings.checkpoint_copy
    assert copy is not None
    try:
        done = lifting.lift(made.core, made.worker.signer, watching, copy, by=operator(), reason=reason)
    except OSError as error:
        what = f"{copy} cannot be written: {error.strerror}."
        raise Unavailable(what, "Bring it back and repeat.") from error
    ledger = done.losses[0]
    result = {"quarantine": done.quarantine, "kept": ledger.kept, "lost": ledger.lost, "head": done.head}
    text = f"quarantine {done.quarantine} lifted; the ledger goes on from entry {done.head}"
    show(result, f"{text}; kept {ledger.kept}, lost {ledger.lost} are declared")


def _watch(made: Parts) -> CopyWatch:
    if made.core.settings.checkpoint_copy is None:
        raise Invalid(
            "PROCTORING_CHECKPOINT_COPY is not set, so there is nothing to compare with.",
            "Set it to the file that the service copied its proofs to.",
        )
    return watch(made.core)


def _missing(found: ProvenMissing) -> dict[str, Any]:
    return {
        "ledger": found.ledger,
        "erasures": [{"unit": one.unit, "certificate": one.certificate_id or None} for one in found.erasures],
        "holds": [{"hold": act.hold, "session": act.session, "kind": act.kind} for act in found.holds],
        "releases": [{"hold": act.hold, "session": act.session} for act in found.releases],
        "segments": dict(found.leaves),
    }


def _unproven(lost: Unproven) -> dict[str, Any]:
    return {
        "since": iso(lost.since) if lost.since else None,
        "ledger_entries": lost.entries,
        "unknown_units": list(lost.units),
        "unknown_holds": list(lost.holds),
        "segments": dict(lost.leaves),
    }


def _replayable(found: ProvenMissing) -> list[str]:
    erased = [f"  erase again   unit {one.unit}" for one in found.erasures]
    holds = [f"  hold again    {act.hold} ({act.kind}) on session {act.session}" for act in found.holds]
    releases = [f"  release again {act.hold} on session {act.session}" for act in found.releases]
    return [*holds, *releases, *erased]


def _lost(lost: Unproven) -> list[str]:
    since = iso(lost.since) if lost.since else "the beginning"
    return [
        f"  lost: what was done after {since}, {lost.entries} ledger entries that are known of",
        *(f"  lost: {count} segments of unit {unit}" for unit, count in lost.leaves),
        *(f"  lost: unit {unit}, which this database does not know" for unit in lost.units),
        *(f"  lost: hold {hold}, on a session that this database does not know" for hold in lost.holds),
    ]


def _next(found: ProvenMissing) -> str:
    if found.replayable:
        return "Restore a newer backup if there is one; else `proctoring quarantine replay`."
    return "All that can be proven is here. Look at what is lost; then `proctoring quarantine lift`."
