"""The ledger's word on one session: its entries, and those about its exam."""

from dataclasses import dataclass

from proctoring.custody.model import Entry


@dataclass(frozen=True, slots=True)
class SessionEntries:
    """As they were written, each list ascending."""

    session: tuple[Entry, ...]
    exam: tuple[Entry, ...]
