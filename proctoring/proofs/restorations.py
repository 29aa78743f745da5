"""Removes from a copy the parts that its declared restorations explain.

Pure. A checkpoint of a lost history contradicts nothing, as far as the declaration reaches. A declaration
that a later restore lost is not asked for again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from proctoring.proofs.bodies import Restoration, read_restoration
from storage.errors import NotAuthentic, Refused
from storage.proofs.checkpoint import LEDGER_ORIGIN, claimed
from storage.proofs.sign import check_body
from storage.proofs.witness import PURPOSES, Line, RestoredCopy, Signed


@dataclass
class Declared:
    """`standing`: every line but the checkpoints of lost histories. `restorations`: those that the present
    ledger must tell of. `quarantines`: of all that were ever declared. `lost`: the lines before each
    declaration, for packages exported then."""

    standing: list[Line] = field(default_factory=list)
    restorations: list[Restoration] = field(default_factory=list)
    quarantines: set[str] = field(default_factory=set)
    lost: list[list[Line]] = field(default_factory=list)


def declared(lines: Iterable[Line], public: bytes) -> Declared:
    """Read in order. A declaration that is not signed by `public` declares nothing."""
    found = Declared()
    for line in lines:
        restoration = restoration_of(line, public)
        if restoration is None:
            found.standing.append(line)
            continue
        found.lost.append(found.standing)
        kept = {loss.origin: loss.kept for loss in restoration.losses}
        found.standing = [one for one in found.standing if _stands(one, kept)]
        found.restorations = told_with(found.restorations, restoration)
        found.quarantines.add(restoration.quarantine)
    return found


def told_with(before: Iterable[Restoration], newest: Restoration) -> list[Restoration]:
    """Those that the ledger must tell of after the newest: it lost the ones after what it kept."""
    kept = {loss.origin: loss.kept for loss in newest.losses}
    return [*(one for one in before if one.head < kept.get(LEDGER_ORIGIN, 0)), newest]


def is_signed(line: Signed, public: bytes) -> bool:
    """Whether the body is as `public`'s other half signed it, for what the line is."""
    try:
        check_body(public, PURPOSES[type(line)], line.body, line.signature)
    except NotAuthentic:
        return False
    return True


def restoration_of(line: Line, public: bytes) -> Restoration | None:
    """The declaration that a line is; None for any other line, and for one that is not signed."""
    if not isinstance(line, RestoredCopy) or not is_signed(line, public):
        return None
    try:
        return read_restoration(line.body)
    except Refused:
        return None


def _stands(line: Line, kept: dict[str, int]) -> bool:
    if not isinstance(line, str):
        return True
    try:
        checkpoint = claimed(line)
    except Refused:
        return True
    return checkpoint.size <= kept.get(checkpoint.origin, checkpoint.size)
