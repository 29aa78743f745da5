"""Salted commitments: a custody entry binds a value without revealing it.

    "c1:" ‖ hex(SHA-256(RFC 8785 JSON of {"column", "row", "salt", "table", "v": 1, "value"}))

An entry holds it under the name `<table>/<row>/<column>`. The salt is SALT_BYTES random bytes, new for each
value, kept next to it and erased with it. Without the salt a commitment reveals nothing, however few values
are possible. No value can replace another, in another row or column.
"""

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from storage.canonical import canonical, fields
from storage.errors import Refused

SALT_BYTES = 16
COMMITMENT = re.compile(r"c1:[0-9a-f]{64}")
Value = str | int | None


@dataclass(frozen=True, slots=True)
class Opening:
    """What a commitment was made of. `salt` in hex; an instant is written as in the ledger."""

    table: str
    row: str
    column: str
    salt: str
    value: Value

    @property
    def name(self) -> str:
        """Under which an entry's detail holds the commitment."""
        return commitment_name(self.table, self.row, self.column)

    def commitment(self) -> str:
        """What an entry holds."""
        return f"c1:{hashlib.sha256(canonical(self.fields() | {'v': 1})).hexdigest()}"

    def fields(self) -> dict[str, Value]:
        """As it is written into a file."""
        return {name: getattr(self, name) for name in self.__slots__}


def new_salt() -> str:
    """A salt in hex."""
    return secrets.token_hex(SALT_BYTES)


def commitment_name(table: str, row: str, column: str) -> str:
    """Under which an entry's detail holds a commitment to this value."""
    return f"{table}/{row}/{column}"


def is_commitment(value: object) -> bool:
    """Whether a value of an entry's detail is a commitment."""
    return isinstance(value, str) and COMMITMENT.fullmatch(value) is not None


def read_opening(value: Any) -> Opening:
    """Raises Refused for what is no opening of this version."""
    known = fields(
        value, {"table": str, "row": str, "column": str, "salt": str, "value": object}, "an opening"
    )
    if type(known["value"]) not in (str, int, type(None)):
        raise Refused("wrong-type", "an opening's value is no text and no figure")
    return Opening(**known)


def committed(details: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The commitments of these entries' details, in the ledger's order: of one name the newest counts."""
    return {name: value for detail in details for name, value in detail.items() if is_commitment(value)}


def check_openings(details: Iterable[Mapping[str, Any]], openings: Iterable[Opening]) -> int:
    """How many commitments these entries hold; each is opened by exactly one of `openings`, and each of
    those opens one.

    Raises Refused `not-opened`, `wrong-opening` or `repeated`.
    """
    expected = committed(details)
    opened = {}
    for opening in openings:
        if opening.name in opened:
            raise Refused("repeated", f"{opening.name} is opened twice")
        if expected.get(opening.name) != opening.commitment():
            raise Refused("wrong-opening", f"{opening.name} is not what the ledger committed to")
        opened[opening.name] = opening
    for name in expected.keys() - opened.keys():
        raise Refused("not-opened", f"the ledger committed to {name}, which nothing opens")
    return len(expected)
