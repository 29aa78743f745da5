"""Lists by the page: each page begins after the last row of the one before, so that none costs more than the
first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.orm import Session as Db

from proctoring.db import Row
from proctoring.errors import NotFound

PAGE_SIZE = 50
R = TypeVar("R", bound=Row)


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """`rows` in their order; `after` is the id that the next page begins after, None on the last."""

    rows: Sequence[R]
    after: str | None


def page(
    db: Db,
    row: type[R],
    *where: ColumnElement[bool],
    by: InstrumentedAttribute[object],
    after: str = "",
    newest_first: bool = False,
) -> Page[R]:
    """The PAGE_SIZE rows of `where` after the one with the id `after`, in the order of `by`, those of one
    instant by their ids. `row` has an `id`. Raises NotFound when there is no row `after`."""
    key: InstrumentedAttribute[str] = row.id  # type: ignore[attr-defined]
    query = select(row).where(*where)
    if after:
        last = db.get(row, after)
        if last is None:
            raise NotFound("This list has no such place.", "Open it from its beginning.")
        place, behind = tuple_(by, key), tuple_(getattr(last, by.key), after)
        query = query.where(place < behind if newest_first else place > behind)
    order = (by.desc(), key.desc()) if newest_first else (by, key)
    found = list(db.scalars(query.order_by(*order).limit(PAGE_SIZE + 1)))
    return Page(found[:PAGE_SIZE], key_of(found[PAGE_SIZE - 1]) if len(found) > PAGE_SIZE else None)


def key_of(row: Row) -> str:
    key: str = row.id  # type: ignore[attr-defined]
    return key
