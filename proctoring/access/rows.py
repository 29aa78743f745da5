"""Tables of staff members, one-time sign-in links, and logins. Secrets are stored as hashes only."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from proctoring.access.model import Person, Role
from proctoring.db import Row


class UserRow(Row):
    __tablename__ = "users"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    created_at: Mapped[datetime]
    salts: Mapped[dict[str, str] | None] = mapped_column(JSON)

    def model(self) -> Person:
        return Person(self.id, self.name, Role(self.role))


class SignInLinkRow(Row):
    __tablename__ = "sign_in_links"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class LoginRow(Row):
    __tablename__ = "logins"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    began_at: Mapped[datetime]
    expires_at: Mapped[datetime]
