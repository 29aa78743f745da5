"""The checks of a package's custody extract: each entry is in the ledger whose head was signed.

The acts must agree with the package's content.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

from storage.canonical import canonical
from storage.errors import Refused
from storage.package.facts import Extract, Package
from storage.package.report import Report
from storage.proofs.checkpoint import LEDGER_ORIGIN, Checkpoint, read_checkpoint
from storage.proofs.tree import check_consistency, check_inclusion

EXPORT, TAKE_BEGIN, TAKE_END = "evidence:export", "take:begin", "take:end"
Entry = dict[str, Any]


def entry_hash(entry: Entry) -> bytes:
    """SHA-256 of the canonical form: what the next entry names as `prev`, and a leaf of the tree."""
    return hashlib.sha256(canonical(entry)).digest()


def take_entries(extract: Extract, unit: str) -> list[Entry]:
    """When the takes of a unit began and ended."""
    return [one for one in extract.entries if one["unit"] == unit and one["action"] in (TAKE_BEGIN, TAKE_END)]


def check_custody(report: Report, package: Package, extract: Extract, copies: Sequence[Checkpoint]) -> None:
    """Adds custody.chain, .checkpoint, .tree, .earlier, .copies and .export to the report."""
    public = bytes.fromhex(package.public_key)
    report.run("custody.chain", "", lambda: _chain(package, extract), f"{len(extract.entries)} entries")
    head = report.run(
        "custody.checkpoint", "", lambda: read_checkpoint(extract.checkpoint, public, LEDGER_ORIGIN)
    )
    if head is None:
        return
    report.run("custody.tree", "", lambda: _tree(extract, head), f"in a ledger of {head.size} entries")
    earlier = report.run("custody.earlier", "", lambda: _earlier(extract, head, public))
    known = [head] if earlier is None else [head, earlier]
    report.run("custody.copies", "", lambda: _copies(known, copies))
    report.run("custody.export", "", lambda: _export(package, extract), f"entry {package.ledger_number}")


def _chain(package: Package, extract: Extract) -> None:
    before: Entry | None = None
    for entry in extract.entries:
        number = entry["number"]
        if entry["session"] != package.session:
            raise Refused("other-session", f"entry {number} is about another session")
        if before is not None:
            if number <= before["number"]:
                raise Refused("out-of-order", f"entry {number} stands behind entry {before['number']}")
            if number == before["number"] + 1 and entry["prev"] != entry_hash(before).hex():
                raise Refused("broken-chain", f"entry {number} does not follow from the one before it")
        before = entry


def _tree(extract: Extract, head: Checkpoint) -> None:
    for entry, path in zip(extract.entries, extract.paths, strict=True):
        check_inclusion(entry_hash(entry), entry["number"] - 1, head.size, path, head.root)


def _earlier(extract: Extract, head: Checkpoint, public: bytes) -> Checkpoint | None:
    if extract.earlier is None:
        if extract.consistency:
            raise Refused("unknown-field", "there is a proof of consistency with nothing")
        return None
    earlier = read_checkpoint(extract.earlier, public, LEDGER_ORIGIN)
    check_consistency(earlier.size, earlier.root, head.size, head.root, extract.consistency)
    return earlier


def _copies(known: Sequence[Checkpoint], copies: Sequence[Checkpoint]) -> None:
    roots = {(one.origin, one.size): one.root for one in known}
    for copy in copies:
        if roots.get((copy.origin, copy.size), copy.root) != copy.root:
            raise Refused("rewritten", f"the ledger's first {copy.size} entries are not those of the copy")


def _export(package: Package, extract: Extract) -> None:
    for entry in extract.entries:
        if entry["number"] == package.ledger_number:
            detail = entry["detail"]
            said = entry["action"], detail.get("package"), detail.get("recipient"), entry["actor"]
            if said == (EXPORT, package.package, package.recipient, package.made_by):
                return
    raise Refused("not-entered", "the ledger has no entry of this package's export")
