"""The checks that nothing is left out of a package: recorded streams, entries about the session, opened
words.

The words are those that the ledger committed to and this export opened. The export's own entry, made before
the package, counts entries and openings. An entry of an older service does not; such a check is reported as
SKIP, and neither passes nor fails.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from storage.canonical import fields, read_canonical
from storage.errors import Refused
from storage.package import bag
from storage.package.facts import IDENTITY, PACKAGE_VERSION, WITHOUT, Extract, Package
from storage.package.report import Report
from storage.package.verify_custody import TAKE_BEGIN, Entry
from storage.proofs.commitment import Opening, committed, read_opening

ADMIT, ERASE = "session:admit", "evidence:erase"
_OLDER = "not told by the export's entry (older than this check)"


def check_complete(report: Report, root: Path, package: Package, extract: Extract, present: bool) -> None:
    """Adds package.complete, custody.complete and custody.openings; `present`: whether there are openings."""
    export = next((one for one in extract.entries if one["number"] == package.ledger_number), None)
    counted: dict[str, Any] = export["detail"] if export is not None else {}
    without = counted.get(WITHOUT) == IDENTITY
    said = f"{len(package.streams)} streams{', without the identity card' if without else ''}"
    report.run("package.complete", "", lambda: _streams(package, extract, without), said)
    if "entries" in counted:
        report.run("custody.complete", "", lambda: _entries(package, extract, counted["entries"]))
    else:
        report.leave("custody.complete", "", _OLDER)
    if not present and "openings" not in counted:
        report.leave("custody.openings", "", _OLDER)
        return
    told = committed(_details(package, extract))
    report.run(
        "custody.openings",
        "",
        lambda: _openings(told, _read(root) if present else (), counted.get("openings", 0)),
        lambda opened: f"{opened} of {len(told)} committed values",
    )


def _read(root: Path) -> tuple[Opening, ...]:
    return read_openings(bag.read_file(root, bag.OPENINGS))


def read_openings(data: bytes) -> tuple[Opening, ...]:
    """data/openings.json. Raises Refused."""
    known = fields(read_canonical(data), {"v": int, "openings": list}, "openings.json")
    if known["v"] != PACKAGE_VERSION:
        raise Refused("unknown-version", f"openings.json has version {known['v']}")
    return tuple(read_opening(one) for one in known["openings"])


def _streams(package: Package, extract: Extract, without_card: bool) -> None:
    """Every unit of which a take began is in the package, or its key was destroyed before. The copy of a card
    is left out where the export's entry says so."""
    here = {one.unit: one.kind for one in package.streams}
    if without_card and IDENTITY in here.values():
        raise Refused("other-unit", "the identity card is here; the export's entry says that it is not")
    gone = {entry["unit"] for entry in extract.entries if entry["action"] == ERASE}
    for entry in extract.entries:
        if entry["action"] == TAKE_BEGIN and entry["unit"] not in here.keys() | gone:
            kind = entry["detail"].get("stream")
            if without_card and kind == IDENTITY:
                continue
            raise Refused(
                "missing-stream", f"entry {entry['number']} began a take of the {kind}: it is not here"
            )
        if entry["action"] == ADMIT:
            _check_units(entry, here)


def _check_units(entry: Entry, here: dict[str, str]) -> None:
    """As far as the admission names the units, each stream is the one of its kind."""
    for unit, kind in here.items():
        if entry["detail"].get(kind, unit) != unit:
            raise Refused("other-unit", f"the {kind} is not the unit that entry {entry['number']} made")


def _entries(package: Package, extract: Extract, count: Any) -> None:
    before = sum(1 for entry in extract.entries if entry["number"] < package.ledger_number)
    if before != count:
        raise Refused(
            "missing-entries", f"the export counted {count} entries before its own; {before} are here"
        )


def _openings(told: Mapping[str, str], given: Sequence[Opening], count: Any) -> int:
    """Each opens what the newest entry committed to, and there are as many as the export made: how many."""
    if len({one.name for one in given}) < len(given):
        raise Refused("repeated", "a commitment is opened twice")
    for opening in given:
        if told.get(opening.name) != opening.commitment():
            raise Refused("wrong-opening", f"{opening.name} is not what the ledger committed to")
    if len(given) != count:
        raise Refused("missing-openings", f"the export opened {count} commitments; {len(given)} are here")
    return len(given)


def _details(package: Package, extract: Extract) -> list[dict[str, Any]]:
    """What stood in the ledger as the export was entered."""
    return [entry["detail"] for entry in extract.entries if entry["number"] < package.ledger_number]
