"""Tables of what the job remembers: what it has read, what each session's rows were then, what it
found; and the ledger's tree."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from proctoring.db import Row

STATE_ID = 1


class ReplayRow(Row):
    """One row: where the rounds of the job go on. Entries below `exact_from` are of an older service, dated a
    moment after what they tell of; the pages, which are signed, say the same."""

    __tablename__ = "ledger_replay"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    exact_from: Mapped[int]
    session_cursor: Mapped[str]
    unit_cursor: Mapped[str]
    passed_at: Mapped[datetime | None]
    through: Mapped[int] = mapped_column(default=0)  # the last entry read; a page shows it


class PageRow(Row):
    """Entries of the ledger that were read, and whose sessions were replayed (`proctoring.proofs.pages`).
    Signed."""

    __tablename__ = "ledger_pages"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    body: Mapped[str]
    signature: Mapped[str]


class BlockRow(Row):
    """The root of a full block of the ledger's tree (`proctoring.proofs.ledger_tree`)."""

    __tablename__ = "ledger_blocks"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    root: Mapped[bytes]


class ReplayedRow(Row):
    """The rows of a session were as the ledger tells up to entry `through`, and had this digest. Signed."""

    __tablename__ = "replayed_sessions"

    id: Mapped[str] = mapped_column(primary_key=True)
    through: Mapped[int]
    digest: Mapped[str]
    signature: Mapped[str]


class FindingRow(Row):
    """A column that is not what the ledger tells; `gone_at` once it is again. No words, no value."""

    __tablename__ = "replay_findings"

    subject: Mapped[str] = mapped_column(primary_key=True)
    row: Mapped[str] = mapped_column(primary_key=True)
    column: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str]
    session_id: Mapped[str]
    entry: Mapped[int | None]
    found_at: Mapped[datetime]
    gone_at: Mapped[datetime | None]
