"""`proctoring purge`: one pass of the retention worker, said line by line."""

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click

from proctoring.cli.output import Instant, common, operator, show
from proctoring.clock import iso
from proctoring.compose.parts import Parts, parts, watched
from proctoring.errors import Invalid
from proctoring.proofs import stops
from proctoring.proofs.stops import Stop
from proctoring.settings.settings import Env
from proctoring.text import isolated
from retention.outcome import BRAKED, STOPPED, ErasureOutcome
from retention.plan import Fate, plan
from retention.written import Written, WrittenLine

REMEDIES = {
    BRAKED: "The clock brake is pulled. Check the clocks and `purge --dry-run`, then `purge --confirm`.",
    STOPPED: "Rows and ledger disagree. See `ledger verify` and put the rows right; or, when you have "
    "looked, `purge --despite SESSION`.",
}


@click.command()
@click.option("--dry-run", is_flag=True, help="Say what would go; touch nothing.")
@click.option("--at", type=Instant(), help="Act as of this instant (now).")
@click.option(
    "--confirm", is_flag=True, help="You have looked: release the clock brake and erase what is due."
)
@click.option(
    "--despite",
    multiple=True,
    metavar="SESSION",
    help="You have looked: erase this session though rows and ledger disagree.",
)
@common
def purge(
    data: Path | None, dry_run: bool, at: datetime | None, confirm: bool, despite: tuple[str, ...]
) -> None:
    """Erase what is due and unheld; say what goes, what stays and why. --dry-run says it of what people wrote
    and of the exam records too.

    Nothing is erased while the clock brake is pulled: clocks that disagree or jumped, a long pause, or
    suspiciously much that is due at once. Look at the clocks and at --dry-run, then --confirm.

    A session is stopped where its rows are not what the ledger tells; --dry-run says which, and why. Look
    with `proctoring ledger verify`; once its rows are put right it goes on by itself.
    """
    made = watched(parts(data))
    _check_instant(made, dry_run, at)
    with made.core.db.read() as db:
        now = at or made.core.db.now(db)
    if dry_run:
        foretold = made.worker.eraser().foretell(now)
        outcomes, stopped, written = list(foretold.outcomes), foretold.stops, foretold.written
    else:
        written = ()
        outcomes = made.worker.eraser().run(at, operator(), confirm, despite)
        with made.core.db.read() as db:
            stopped = tuple(stops.in_force(db))
            left = [line for line in plan(db, now).lines if line.fate is Fate.STAYS]
        tried = {outcome.line.unit_id for outcome in outcomes}
        outcomes += [ErasureOutcome(line) for line in left if line.unit_id not in tried]
    erased = [outcome for outcome in outcomes if outcome.certificate_id]
    failed = [outcome for outcome in outcomes if outcome.failure]
    going = [outcome for outcome in outcomes if outcome.line.fate is Fate.GOES]
    result = {
        "at": iso(now),
        "dry_run": dry_run,
        "erased": len(erased),
        "failed": len(failed),
        "stays": len(outcomes) - len(going),
        "units": [_json(outcome) for outcome in outcomes],
        "stopped": [_stop_json(stop) for stop in stopped],
    }
    if dry_run:
        result["written"] = [_written_json(line) for line in written]
    verb = f"{len(going) - len(failed)} would go" if dry_run else f"{len(erased)} erased"
    verb += f", {len(failed)} failed" if not dry_run else f", {len(failed)} would not" if failed else ""
    summary_end = "".join(f"\n{words}" for why, words in REMEDIES.items() if _asked_for(why, failed, stopped))
    summary = f"as of {iso(now)}: {verb}, {len(outcomes) - len(going)} stay{summary_end}"
    show(
        result,
        "\n".join([*map(_text, outcomes), *map(_written_text, written), *map(_stop_text, stopped), summary]),
    )
    if failed and not dry_run:
        sys.exit(1)


def _asked_for(why: str, failed: Sequence[ErasureOutcome], stopped: Sequence[Stop]) -> bool:
    mine = any((outcome.failure or "").startswith(why) for outcome in failed)
    return mine or (why == STOPPED and bool(stopped))


def _check_instant(made: Parts, dry_run: bool, at: datetime | None) -> None:
    """Raises Invalid where evidence would be destroyed before it is due."""
    if at is None or dry_run or made.core.settings.env is Env.DEV or at <= made.core.clock():
        return
    raise Invalid(
        f"{iso(at)} has not come: what is due then must be kept until then.",
        "Add --dry-run to see what would go; PROCTORING_ENV=dev is for trying out.",
    )


def _stop_json(stop: Stop) -> dict[str, str]:
    told = {"session_id": stop.session_id, "codes": stop.codes, "detail": stop.detail}
    return told | {"found_at": iso(stop.found_at)}


def _stop_text(stop: Stop) -> str:
    return f"stop   {stop.session_id}  since {iso(stop.found_at)}: {stop.detail}"


def _json(outcome: ErasureOutcome) -> dict[str, str | None]:
    line = outcome.line
    return {
        "session_id": line.session_id,
        "candidate": line.ref,
        "unit": line.unit_id,
        "kind": line.kind.value,
        "due_at": iso(line.due_at),
        "fate": line.fate.value,
        "why": line.why,
        "certificate": outcome.certificate_id,
        "failure": outcome.failure,
    }


def _text(outcome: ErasureOutcome) -> str:
    line = outcome.line
    end = ""
    if outcome.certificate_id:
        end = f"; erased, certificate {outcome.certificate_id}"
    elif outcome.failure:
        end = f"; NOT erased: unit {line.unit_id}: {outcome.failure}"
    ref = isolated(line.ref)
    return f"{line.fate.value:5}  {line.session_id}  {ref:12} {line.kind.value:8}  {line.why}{end}"


def _written_json(line: WrittenLine) -> dict[str, str | int | None]:
    return {
        "session_id": line.session_id,
        "candidate": line.ref,
        "what": line.what.value,
        "texts": line.texts,
        "due_at": iso(line.due_at) if line.due_at else None,
        "fate": line.fate.value,
        "why": line.why,
        "failure": line.failure,
    }


def _written_text(line: WrittenLine) -> str:
    texts = f"{line.texts} texts, " if line.what is Written.WORDS else ""
    end = f"; would NOT go: {line.failure}" if line.failure else ""
    ref = isolated(line.ref)
    return f"{line.fate.value:5}  {line.session_id}  {ref:12} {line.what.value:8}  {texts}{line.why}{end}"
