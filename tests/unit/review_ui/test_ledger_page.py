"""The ledger as a page: found by action, person, session and time; what is shown is checked; page by page."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, event

from proctoring.access.model import Role
from proctoring.custody import listing
from proctoring.custody.listing import Asked
from proctoring.custody.model import Action, Actor, Entry
from proctoring.custody.rows import EntryRow
from proctoring.custody.service import enter, entries, head
from proctoring.proofs.job import LedgerReplay
from review_ui.pages.ledger import PAGE_SIZE
from tests.support.world import World
from tests.unit.review_ui.conftest import Office, Staff

NUMBER = re.compile(r'data-name="Entry"><span><span class="num">(\d+)</span>')
MANY = 3 * PAGE_SIZE


def numbers(page: str) -> list[int]:
    """Of the entries shown, as they stand."""
    return [int(one) for one in NUMBER.findall(page)]


@pytest.fixture
def auditor(office: Office) -> Staff:
    return office.hire("A. Auditor", Role.AUDITOR)


def test_it_tells_an_unbroken_chain_from_a_broken_one(office: Office, auditor: Staff) -> None:
    """An altered entry, and one that was removed."""
    office.world.ended()
    assert "broken at" not in auditor.get("/ledger").text
    with office.world.core.db.begin() as db:
        entry = db.get(EntryRow, 2)
        assert entry is not None
        entry.role = "somebody-else"
    assert "broken at entry 2" in auditor.get("/ledger").text
    with office.world.core.db.begin() as db:
        db.execute(delete(EntryRow).where(EntryRow.number == 2))
    assert "broken at entry 3" in auditor.get("/ledger").text


def test_it_says_how_far_the_service_has_read_and_when(office: Office, auditor: Staff) -> None:
    """Nothing before the first pass of the job; then the last entry that it read, and when."""
    world = office.world
    world.ended()
    assert "not yet" in auditor.get("/ledger").text
    with world.core.db.read() as db:
        newest = head(db)[0]
    LedgerReplay(world.core, world.signer).run()
    world.ended()
    page = auditor.get("/ledger").text
    assert f"unbroken to entry {newest}," in page
    assert "not yet" not in page


@pytest.mark.promise("P12")
def test_entries_are_found_by_action_person_session_and_time(office: Office) -> None:
    """Each filter, and all together, shows exactly the entries that are so."""
    world = office.world
    first = world.ended()
    world.clock.move(days=2)
    second = world.ended()
    proctor, auditor = office.hire("M. Claes", Role.PROCTOR), office.hire("A. Auditor", Role.AUDITOR)
    for session in (first, second):
        proctor.post(f"/sessions/{session.id}/claim")
        proctor.post(f"/sessions/{session.id}/release")
    with world.core.db.read() as db:
        every = entries(db)
    day = world.clock().date().isoformat()
    before = (world.clock() - timedelta(days=1)).date().isoformat()
    together = f"action=review:claim&person={proctor.person.id}&session={first.id}&since={day}&until={day}"
    wanted: dict[str, Callable[[Entry], bool]] = {
        "action=review:claim": lambda one: one.action is Action.REVIEW_CLAIM,
        f"person={proctor.person.id}": lambda one: one.actor == proctor.person.id,
        f"session={first.id}": lambda one: one.session_id == first.id,
        f"since={day}": lambda one: one.at.date().isoformat() >= day,
        f"until={before}": lambda one: one.at.date().isoformat() <= before,
        together: lambda one: (one.action, one.session_id) == (Action.REVIEW_CLAIM, first.id),
    }
    for query, is_so in wanted.items():
        found = numbers(auditor.get(f"/ledger?{query}").text)
        expected = [one.number for one in reversed(every) if is_so(one)][:PAGE_SIZE]
        assert found == expected != [], query


def test_it_says_who_did_what_in_words(office: Office, auditor: Staff, proctor: Staff) -> None:
    """The name beside the id, which the ledger itself has not; no commitment's digits."""
    session = office.world.ended()
    proctor.post(f"/sessions/{session.id}/claim")
    page = auditor.get(f"/ledger?session={session.id}").text
    assert "Claimed for review" in page
    assert proctor.person.name in page
    assert "commitment" in page


@pytest.mark.parametrize(
    "query", ["action=no-such", "since=soon", "until=2026-02-30", "before=-1", "before=1e400", "before=²"]
)
def test_what_cannot_be_asked_is_refused(auditor: Staff, query: str) -> None:
    assert auditor.get(f"/ledger?{query}").status_code == 422


def fill(world: World) -> None:
    with world.core.db.begin() as db:
        for number in range(MANY):
            actor = Actor("anna" if number % 3 else "bert", "proctor")
            enter(db, world.clock, actor, Action.REVIEW_CLAIM if number % 2 else Action.REVIEW_RELEASE)


def test_a_view_reads_a_page_of_entries_and_pages_hang_together(office: Office, auditor: Staff) -> None:
    """However long the ledger: no more rows than are shown, but for the one that tells of a next page."""
    fill(office.world)
    loaded: list[int] = []
    note = lambda row, _: loaded.append(row.number)  # noqa: E731 - taken away by its name
    event.listen(EntryRow, "load", note)
    try:
        seen: list[int] = []
        path: str | None = "/ledger?person=anna"
        while path:
            loaded.clear()
            page = auditor.get(path).text
            assert len(loaded) <= PAGE_SIZE + 1
            seen += numbers(page)
            older = re.search(r'href="(/ledger\?[^"]*before=\d+)"', page)
            path = older.group(1).replace("&amp;", "&") if older else None
    finally:
        event.remove(EntryRow, "load", note)
    with office.world.core.db.read() as db:
        mine = [one.number for one in reversed(entries(db)) if one.actor == "anna"]
    assert seen == mine
    assert len(mine) > PAGE_SIZE


@pytest.mark.parametrize(
    "asked", [Asked(action=Action.REVIEW_CLAIM), Asked(actor="anna"), Asked(session_id="one")]
)
def test_a_filter_walks_its_index_in_order(tmp_path: Path, asked: Asked) -> None:
    """The plan sorts nothing and scans no table, so that what is read is what is shown."""
    world = World(tmp_path)
    fill(world)
    said: list[Any] = []
    with world.core.db.read() as db:
        keep = lambda conn, cursor, statement, given, *_: said.append((statement, given))  # noqa: E731
        event.listen(db.get_bind(), "before_cursor_execute", keep)
        listing.page(db, asked, None, 10)
        statement, given = said[-1]
        plan = db.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given).fetchall()
    words = " ".join(str(row[-1]) for row in plan)
    assert "USING INDEX ix_custody_entries_" in words
    assert "TEMP B-TREE" not in words
    world.core.db.close()


def test_the_ledger_is_read_by_those_whose_task_it_is(office: Office, proctor: Staff) -> None:
    assert proctor.get("/ledger").status_code == 403
    assert proctor.get("/retention").status_code == 403
