"""Table of spools: one row for each that there ever was, with the last word of its process."""

from datetime import datetime

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from proctoring.db import Row
from proctoring.spools.model import Standing, Told, Trouble


class SpoolRow(Row):
    """`id` is the one that lies in the spool's folder, and that its takes name."""

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

    def model(self) -> Standing:
        told = Told(
            Trouble(self.trouble) if self.trouble else None,
            self.free_bytes,
            self.waiting_bytes,
            self.memory_bytes,
            self.datagrams_lost,
            self.sounds_lost,
        )
        return Standing(told, self.since)
