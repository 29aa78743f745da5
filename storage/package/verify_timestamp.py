"""The checks of a package's time-stamp: of a checkpoint that the ledger of the package grew from, by whom."""

from pathlib import Path

from storage.errors import Refused
from storage.package import bag
from storage.package.facts import Extract, Package, Timestamp, read_timestamp
from storage.package.report import Report
from storage.proofs.checkpoint import LEDGER_ORIGIN, Checkpoint, read_checkpoint
from storage.proofs.timestamp import Roots, check_timestamp
from storage.proofs.tree import check_consistency

TOKEN = "timestamp.token"  # noqa: S105 - the code of a check


def check_time(
    report: Report,
    root: Path,
    package: Package,
    *,
    extract: Extract | None,
    present: bool,
    roots: Roots | None,
) -> None:
    """Adds timestamp.format, .checkpoint and .token. Without `roots` nobody is trusted, and the token is said
    to be unchecked; with them, a package without a time-stamp fails."""
    if not present:
        if roots is not None:
            missing = Refused("missing-timestamp", "the package holds no time-stamp")
            report.run(TOKEN, "", lambda: _raise(missing))
        return
    stamp = report.run("timestamp.format", "", lambda: read_timestamp(bag.read_file(root, bag.TIMESTAMP)))
    if stamp is None or extract is None:
        return
    covered = report.run("timestamp.checkpoint", "", lambda: _checkpoint(package, extract, stamp))
    if covered is None:
        return
    if roots is None:
        report.leave(TOKEN, "", "not checked: give the authority's certificate (--tsa-cert)")
        return
    report.run(
        TOKEN,
        "",
        lambda: check_timestamp(stamp.answer, stamp.checkpoint, roots),
        lambda at: f"the ledger's first {covered.size} entries existed at {at:%Y-%m-%dT%H:%M:%SZ}",
    )


def _checkpoint(package: Package, extract: Extract, stamp: Timestamp) -> Checkpoint:
    public = bytes.fromhex(package.public_key)
    head = read_checkpoint(extract.checkpoint, public, LEDGER_ORIGIN)
    stamped = read_checkpoint(stamp.checkpoint, public, LEDGER_ORIGIN)
    check_consistency(stamped.size, stamped.root, head.size, head.root, stamp.consistency)
    return stamped


def _raise(error: Refused) -> None:
    raise error
