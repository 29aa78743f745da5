"""Statement of a database: nothing of its copied proofs is missing in it, up to a byte of the copy. Only what
comes later is read again.

The statement is a row of the database that it is about. A database that is put back to a backup has the
backup's statement, so more of the copy is read and never less. It is signed, and valid for a copy that has
the same bytes there.
"""

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session as Db

from proctoring.quarantine.rows import STATE_ID, ComparedRow
from proctoring.tolerant import as_it_stands
from storage.canonical import canonical, fields, read_canonical
from storage.errors import NotAuthentic, Refused
from storage.proofs.note import NoteSigner
from storage.proofs.sign import Purpose, check_body, sign_body

FINGERPRINT_BYTES = 4096
_FIELDS = {"offset": int, "fingerprint": str, "head": str}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Compared:
    """Nothing of the copy's first `offset` bytes was missing in this database. `fingerprint`: SHA-256 (hex)
    over the last FINGERPRINT_BYTES of them. `head`: the signed note of the ledger's greatest head in them."""

    offset: int = 0
    fingerprint: str = ""
    head: str = ""


NOTHING = Compared()


def compared(copy: Path, offset: int, head: str) -> Compared:
    """The statement about the copy up to there. Raises OSError."""
    return Compared(offset, _fingerprint(copy, offset), head)


def keep(db: Db, signer: NoteSigner, statement: Compared) -> None:
    """The database says so from now on."""
    body = canonical(asdict(statement)).decode()
    db.merge(ComparedRow(id=STATE_ID, body=body, signature=sign_body(signer, Purpose.COMPARED, body)))


def last(db: Db, public: bytes, copy: Path) -> Compared:
    """What the database says of this copy; NOTHING where it says nothing that is valid. Raises OSError."""
    table = ComparedRow.__table__
    kept = db.execute(select(as_it_stands(table.c.body), as_it_stands(table.c.signature))).first()
    if kept is None:
        return NOTHING
    body, signature = kept
    try:
        if not isinstance(body, str) or not isinstance(signature, str):
            raise Refused("wrong-type", "the statement is no text")
        check_body(public, Purpose.COMPARED, body, signature)
        said = Compared(**fields(read_canonical(body.encode()), _FIELDS, "the statement"))
    except (NotAuthentic, Refused) as error:
        log.warning("copy.statement_not_ours", detail=str(error))
        return NOTHING
    same = copy.stat().st_size >= said.offset and _fingerprint(copy, said.offset) == said.fingerprint
    return said if same else NOTHING


def _fingerprint(copy: Path, offset: int) -> str:
    first = max(0, offset - FINGERPRINT_BYTES)
    with copy.open("rb") as file:
        file.seek(first)
        return hashlib.sha256(file.read(offset - first)).hexdigest()
