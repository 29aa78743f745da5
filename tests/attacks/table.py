"""docs/security/attacks.md: a section for each area, written by the run; areas that did not run stay."""

import re
import subprocess
from collections.abc import Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path

from tests.attacks.frame import Outcome

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docs" / "security" / "attacks.md"
HEAD = """# Attacks that were tried

Written by `make attacks`; do not edit. Each attack was made on the service as it is started in production,
on one machine. *Tried* counts requests, connections or edits; *through* counts those that did what they were
meant to do. *Lost* compares what had to be kept with what was kept: during attacks on availability three
streams of one candidate were recorded, and each picture and packet of sound that was sent is looked for in
what was stored.
"""
COLUMNS = "| Attack | Tried | Through | Lost |\n|---|---|---|---|\n"

Row = tuple[str, Outcome | None]
"""An attack's name and its outcome; None when it could not be made."""


def section(title: str, rows: Sequence[Row], on: date, what: str) -> str:
    """One area as the file shows it; `what` names the version that was attacked."""
    lines = "".join(_line(name, outcome) for name, outcome in rows)
    return f"## {title}\n\nOn {on.isoformat()}, {what}.\n\n{COLUMNS}{lines}"


def merged(before: str, sections: dict[str, str]) -> str:
    """The whole file: `sections` by their title in place of those of the same title `before`, in the order of
    the alphabet."""
    kept = {
        found[1]: found[0].strip() + "\n"
        for found in re.finditer(r"^## (.+)\n(?:(?!## ).*\n?)*", before, re.M)
    }
    whole = kept | sections
    return "\n".join([HEAD, *(whole[title] for title in sorted(whole))])


def write(sections: dict[str, str]) -> None:
    """Puts the areas that have run into FILE."""
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(merged(FILE.read_text() if FILE.exists() else "", sections))


def attacked() -> str:
    """The version in words, with the commit where the source is a repository."""
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True
    )
    commit = f", commit {done.stdout.strip()}" if done.returncode == 0 else ""
    return f"version {version('proctoring')}{commit}"


def _line(name: str, outcome: Outcome | None) -> str:
    if outcome is None:
        return f"| {name} | could not be made | | |\n"
    return f"| {name} | {outcome.tried:,} | {outcome.through:,} | {outcome.lost} |\n"
