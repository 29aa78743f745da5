"""Table of sheets: the place of each and the key that opens it, nothing of what was measured."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from proctoring.db import Milliseconds, Row


class SheetRow(Row):
    """One sealed sheet. `position` counts from 0 within the unit. The row goes with the unit's key."""

    __tablename__ = "signal_sheets"

    unit_id: Mapped[str] = mapped_column(ForeignKey("evidence_units.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    take_id: Mapped[str] = mapped_column(ForeignKey("takes.id"))
    sheet_id: Mapped[str]
    sealed_key: Mapped[bytes]
    object_key: Mapped[str] = mapped_column(unique=True)
    ct_sha256: Mapped[str]
    start_ms: Mapped[Milliseconds]
    end_ms: Mapped[Milliseconds]
