"""Lists of staff pages: a page at a time, each line once, and figures of the whole."""

import re

import pytest
from sqlalchemy import Table, insert, select

from proctoring.access.model import Role
from proctoring.db import Row
from proctoring.errors import NotFound
from proctoring.incidents.rows import IncidentRow
from proctoring.paging import PAGE_SIZE, page
from tests.support.decided import Decided, decide_everything
from tests.unit.review_ui.conftest import Office, Staff

INCIDENTS, APPEALS = Row.metadata.tables["incidents"], Row.metadata.tables["appeals"]
COPIES = 2 * PAGE_SIZE + 10


@pytest.fixture
def decided(office: Office) -> Decided:
    return decide_everything(office.world)


def copies(office: Office, table: Table, decided: Decided, **changes: object) -> list[str]:
    """Rows like that of the session with an agreed incident, but for the `changes`; all of one instant. Their
    ids, in order."""
    ids = [f"{number:03}" for number in range(COPIES)]
    with office.world.core.db.begin() as db:
        original = db.execute(select(table).where(table.c.session_id == decided.agreed.id)).mappings().one()
        db.execute(insert(table), [{**original, **changes, "id": one} for one in ids])
    return ids


def pages_of(staff: Staff, address: str) -> list[str]:
    """The page and those that its link leads to."""
    found = [staff.get(address).text]
    while link := re.search(rf'href="({re.escape(address)}\?after=[^"]+)"', found[-1]):
        found.append(staff.get(link[1]).text)
    return found


def test_incidents_come_a_page_at_a_time(office: Office, decided: Decided) -> None:
    """Those that wait for somebody come first; those that hold evidence in pages, each once, the oldest
    first. The figures are of all."""
    with office.world.core.db.read() as db:
        ids = select(IncidentRow.id).order_by(IncidentRow.decided_at)
        waiting = list(db.scalars(ids.where(IncidentRow.state.like("awaiting-%"))))
        held = list(db.scalars(ids.where(IncidentRow.state == "confirmed")))
    held += copies(office, INCIDENTS, decided, state="confirmed", decided_at=office.world.clock())
    texts = pages_of(office.hire("Reader", Role.PROCTOR), "/incidents")
    shown = [re.findall(r'id="incident-([^"]+)"', text) for text in texts]
    assert [one for part in shown for one in part] == waiting + held
    assert [len(set(part) & set(held)) for part in shown[:-1]] == [PAGE_SIZE] * (len(held) // PAGE_SIZE)
    assert f"<dd>{len(held)}</dd>" in texts[0]


def test_more_incidents_wait_than_a_page_holds(office: Office, decided: Decided) -> None:
    """The page has those that wait longest, tells how many wait in all, and that others come after them."""
    copies(office, INCIDENTS, decided, state="awaiting-second", decided_at=office.world.clock())
    (text,) = pages_of(office.hire("Reader", Role.PROCTOR), "/incidents")
    assert text.count("A second person must answer") + text.count("Look and answer") == PAGE_SIZE
    assert f"<dd>{COPIES + 1}</dd>" in text
    assert "These wait longest." in text


def test_answered_appeals_come_a_page_at_a_time(office: Office, decided: Decided) -> None:
    """Each once; the form of an open one is on the first page."""
    copies(office, APPEALS, decided)
    texts = pages_of(office.hire("Reader", Role.COMMITTEE), "/appeals")
    lines = [text.count('data-name="Outcome"') for text in texts]
    answered = COPIES + len([decided.agreed, decided.annulled, decided.amended])
    assert lines == [PAGE_SIZE, PAGE_SIZE, answered - 2 * PAGE_SIZE]
    assert [text.count("Answer and close") for text in texts] == [1, 0, 0]
    assert all("No appeal is open" not in text for text in texts)


def test_a_place_that_there_is_not_is_refused(office: Office) -> None:
    """And the answer says what to do."""
    answer = office.hire("Reader", Role.PROCTOR).get("/incidents?after=nobody")
    assert answer.status_code == 404
    assert "Open it from its beginning." in answer.text


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_page_begins_behind_the_last_row_of_the_one_before(
    office: Office, decided: Decided, newest_first: bool
) -> None:
    """Also where many rows are of one instant: their ids decide."""
    copies(office, INCIDENTS, decided)
    of_one = IncidentRow.session_id == decided.agreed.id
    found: list[str] = []
    after: str | None = ""
    with office.world.core.db.read() as db:
        while after is not None:
            by = (IncidentRow.decided_at,)
            part = page(db, IncidentRow, of_one, by=by, after=after, newest_first=newest_first)
            found += [row.id for row in part.rows]
            after = part.after
        with pytest.raises(NotFound):
            page(db, IncidentRow, by=(IncidentRow.decided_at,), after="nobody")
    assert found == sorted(found, reverse=newest_first)
    assert len(set(found)) == COPIES + 1
