"""Tables of quarantines, and of how far database and copied proofs have followed each other."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from proctoring.db import Row
from proctoring.quarantine.model import Quarantine

STATE_ID = 1


class QuarantineRow(Row):
    """In force until a person lifts it, with a reason."""

    __tablename__ = "quarantines"

    id: Mapped[str] = mapped_column(primary_key=True)
    begun_at: Mapped[datetime]
    kept: Mapped[int]
    kept_root: Mapped[str]
    lost: Mapped[int]
    lost_root: Mapped[str]
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[str | None]

    def model(self) -> Quarantine:
        return Quarantine(self.id, self.begun_at, self.kept, self.kept_root, self.lost, self.lost_root)


class ActsCopiedRow(Row):
    """One row: the number of the last ledger entry up to which every decisive act has been copied."""

    __tablename__ = "acts_copied"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    through: Mapped[int]


class ComparedRow(Row):
    """One row: how far this database was compared with the copied proofs (`proctoring.restore.compared`).
    Signed."""

    __tablename__ = "copy_compared"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    body: Mapped[str]
    signature: Mapped[str]
