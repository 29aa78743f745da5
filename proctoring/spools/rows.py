"""Table of spools: one row for each that there ever was, with the last word of its process."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger
from sqlalchemy import Row as Selected
from sqlalchemy.orm import Mapped, mapped_column

from proctoring.db import Row
from proctoring.spools.model import Standing, Told, Trouble
from proctoring.tolerant import readable


class SpoolRow(Row):
    """`id` is the one in the spool's folder, named by its takes."""

    __tablename__ = "spools"

    id: Mapped[str] = mapped_column(primary_key=True)
    told_at: Mapped[datetime]
    trouble: Mapped[str | None]
    since: Mapped[datetime | None]
    free_bytes: Mapped[int] = mapped_column(BigInteger)
    waiting_bytes: Mapped[int] = mapped_column(BigInteger)
    memory_bytes: Mapped[int] = mapped_column(BigInteger)
    datagrams_lost: Mapped[int] = mapped_column(BigInteger)
    sounds_lost: Mapped[int] = mapped_column(BigInteger)


def read(row: Selected[Any]) -> Standing:
    """A row of all columns, each read as it is. Raises the errors of `tolerant.UNREADABLE`."""
    _, _, trouble, since, *counts = readable(row)
    return Standing(Told(Trouble(trouble) if trouble else None, *counts), since)
