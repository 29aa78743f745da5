"""Pages of the ledger: entries read and checked once, signed, so that no later process reads them again.

A page ends at an entry, and names its hash. It holds only for a ledger that has this hash there. An earlier
form of a page says the same of fewer entries. So a writer of rows gains nothing by deleting, editing or
restoring a page: the entries are then read.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session as Db

from proctoring.proofs.rows import PageRow
from proctoring.tolerant import as_it_stands
from storage.canonical import canonical, fields, read_canonical
from storage.errors import NotAuthentic, Refused
from storage.proofs.note import NoteSigner
from storage.proofs.sign import Purpose, check_body, sign_body

ENTRIES_A_PAGE = 5_000
_FIELDS = {
    "after": int,
    "prev": str,
    "through": int,
    "hash": str,
    "exact_from": int,
    "peaks": list,
    "digests": dict,
    "exams": dict,
}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Page:
    """The entries after `after`, which has the hash `prev`, up to `through`, which has the hash `hash`.

    `digests`: for each subject of an entry of the page, of all entries about it up to `through`. `exams`: of
    those exams the numbers of all entries about each. `peaks`: of the tree up to `through`, in hex.
    `exact_from`: see `proctoring.proofs.rows.ReplayRow`.
    """

    after: int
    prev: str
    through: int
    hash: str
    exact_from: int
    peaks: tuple[str, ...]
    digests: dict[str, str]
    exams: dict[str, list[int]]


def keep_page(db: Db, signer: NoteSigner, page: Page) -> None:
    """The page grows, or is a new one."""
    body = canonical(asdict(page)).decode()
    held = {"body": body, "signature": sign_body(signer, Purpose.LEDGER_PAGE, body)}
    number = page.after // ENTRIES_A_PAGE
    grown = update(PageRow).where(PageRow.id == number).values(**held).returning(PageRow.id)
    if db.scalar(grown) is None:
        db.add(PageRow(id=number, **held))


def read_pages(db: Db, public: bytes) -> Iterator[Page]:
    """The pages from the first entry on, as far as they are signed and each goes on from the one before."""
    table = PageRow.__table__
    after, prev = 0, None
    for body, signature in db.execute(
        select(as_it_stands(table.c.body), as_it_stands(table.c.signature)).order_by(table.c.id)
    ):
        page = _read(body, signature, public)
        if page is None or page.after != after or (prev is not None and page.prev != prev):
            log.warning("ledger.page_not_ours", after=after)
            return
        yield page
        after, prev = page.through, page.hash


def _read(body: str, signature: str, public: bytes) -> Page | None:
    try:
        check_body(public, Purpose.LEDGER_PAGE, body, signature)
        held = fields(read_canonical(body.encode()), _FIELDS, "a page of the ledger")
    except (NotAuthentic, Refused):
        return None
    return Page(**{**held, "peaks": tuple(held["peaks"])})
