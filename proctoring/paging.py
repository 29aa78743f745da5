"""Lists by the page: each page begins after the last row of the one before, so that none costs more than the
first.

Counts of a page stop at a bound.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, func, inspect, literal, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.orm import Session as Db

from proctoring.db import Row
from proctoring.errors import NotFound

PAGE_SIZE = 50
COUNTED_MAX = 1000
"""Rows that a page counts; more it calls so many and more (`told`)."""
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
    by: Sequence[InstrumentedAttribute[Any]],
    after: str = "",
    newest_first: bool = False,
    size: int = PAGE_SIZE,
) -> Page[R]:
    """The `size` rows of `where` after the one with the id `after`, in the order of `by`, equal ones by
    their ids. Raises NotFound when there is no row `after`, or it has no place any more."""
    order = [*by, _key(row)]
    query = select(row).where(*where)
    if after:
        query = query.where(_after(_place(db, row, order, after), order, newest_first))
    sorted_by = [one.desc() for one in order] if newest_first else order
    found = list(db.scalars(query.order_by(*sorted_by).limit(size + 1)))
    last = found[size - 1] if len(found) > size else None
    return Page(found[:size], None if last is None else getattr(last, str(order[-1].key)))


def count(db: Db, *where: ColumnElement[bool]) -> int:
    """How many rows of a table fulfil `where`; COUNTED_MAX + 1 where there are more."""
    some = select(literal(1)).where(*where).limit(COUNTED_MAX + 1).subquery()
    return db.scalar(select(func.count()).select_from(some)) or 0


def told(number: int) -> str:
    """A number from `count`, as it is shown."""
    return str(number) if number <= COUNTED_MAX else f"{COUNTED_MAX}+"


def _key(row: type[Row]) -> InstrumentedAttribute[Any]:
    (column,) = inspect(row).primary_key
    key: InstrumentedAttribute[Any] = getattr(row, str(column.key))
    return key


def _place(db: Db, row: type[Row], order: Sequence[InstrumentedAttribute[Any]], after: str) -> list[Any]:
    last = db.get(row, after)
    place = [] if last is None else [getattr(last, str(one.key)) for one in order]
    if not place or None in place:
        raise NotFound("This list has no such place.", "Open it from its beginning.")
    return place


def _after(
    place: list[Any], order: Sequence[InstrumentedAttribute[Any]], newest_first: bool
) -> ColumnElement[bool]:
    here = tuple_(*order)
    return here < place if newest_first else here > place
