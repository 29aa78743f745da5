"""Status polls from memory: they ask no database, and whatever memory does not know is asked of it."""

import asyncio
import json

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from starlette.middleware import Middleware

from capture.identity_recorder import MemoryIdentityRecorder
from capture.pages import board, routes
from capture.pages.board import StatusBoard
from capture.pages.polls import StatusPolls
from proctoring.compose.app import CATALOGUE
from proctoring.compose.capture_edge import page_tokens
from proctoring.exams.model import Stream
from proctoring.quarantine import service as quarantine
from proctoring.quarantine.model import Head
from proctoring.recordings import ending
from proctoring.sessions.model import Session
from proctoring.web.application import application
from tests.support.asgi import AsgiClient
from tests.support.statements import counted
from tests.support.world import World


class Ticks:
    """Monotonic seconds as the test says."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def statuses(world: World, images: MemoryIdentityRecorder, ticks: Ticks) -> StatusBoard:
    return StatusBoard(world.core, images, ticks)


@pytest.fixture
def client(world: World, images: MemoryIdentityRecorder, statuses: StatusBoard) -> AsgiClient:
    """The candidate's pages with their polls, as a process serves them."""
    polls = Middleware(StatusPolls, statuses, page_tokens(world.core.links))
    app = application(world.core.settings, catalogue=CATALOGUE, middleware=[polls])
    app.include_router(routes(world.core, images))
    return AsgiClient(app)


def poll(world: World, session: Session) -> str:
    return f"/c/{world.core.links.invitation(session)}/status.json"


def told(statuses: StatusBoard, session: Session) -> bytes | None:
    """What is answered from memory alone: no readings go on."""
    return asyncio.run(statuses.answer(session.id))


def test_a_poll_asks_no_database_and_is_answered_as_its_route_answers(
    world: World, client: AsgiClient, statuses: StatusBoard
) -> None:
    """The computer's and the phone's page; the first poll alone is the route's."""
    session = world.admitted()
    world.store(world.begin(session, Stream.PHONE), 0, world.clock.unix_ms)
    by_route = client.get(poll(world, session))
    statuses.read_all()
    with counted(world.core.db) as asked:
        for path in (poll(world, session), f"/p/{world.core.links.phone(session)}/status.json"):
            answer = client.get(path)
            assert answer.json() == by_route.json()
            assert answer.headers["content-type"] == by_route.headers["content-type"]
            assert answer.headers["cache-control"] == "no-store"
    assert asked == []


def test_one_reading_is_of_all_sessions_together(world: World, statuses: StatusBoard) -> None:
    """As many statements for many sessions as for one, and none while nobody asks."""
    sessions = [world.admitted() for _ in range(5)]
    of_how_many = []
    for among in ([], sessions[:1], sessions):
        for session in among:
            told(statuses, session)
        with counted(world.core.db) as asked:
            statuses.read_all()
        of_how_many.append(len(asked))
    assert of_how_many[0] == 0
    assert of_how_many[1] == of_how_many[2] > 0
    assert all(told(statuses, session) for session in sessions)


def test_what_another_process_did_is_answered_after_the_next_reading(
    world: World, client: AsgiClient, statuses: StatusBoard
) -> None:
    """An end by whoever it was; `now` is the time of the answer, not that of the reading."""
    session = world.admitted()
    told(statuses, session)
    statuses.read_all()
    with world.core.db.begin() as db:
        ending.finish(db, world.core, session.id)
    assert client.get(poll(world, session)).json()["state"] == "admitted"
    statuses.read_all()
    before = client.get(poll(world, session)).json()
    world.clock.move(seconds=1)
    after = client.get(poll(world, session)).json()
    assert before["state"] == after["state"] == "ended"
    assert before["now"] < after["now"]


def test_an_answer_is_never_older_than_its_bound(
    world: World, client: AsgiClient, statuses: StatusBoard, ticks: Ticks
) -> None:
    """When no reading comes, the route answers again."""
    session = world.admitted()
    told(statuses, session)
    statuses.read_all()
    with world.core.db.begin() as db:
        ending.finish(db, world.core, session.id)
    ticks.now_s += board.STATUS_AGE_S_MAX
    assert client.get(poll(world, session)).json()["state"] == "admitted"
    ticks.now_s += 0.01
    assert client.get(poll(world, session)).json()["state"] == "ended"


def test_a_session_nobody_asks_for_is_read_no_more(world: World, statuses: StatusBoard, ticks: Ticks) -> None:
    """So the work follows the pages that are open, not the sessions that were."""
    session = world.admitted()
    told(statuses, session)
    ticks.now_s += board.ASKED_WITHIN_S + 1
    with counted(world.core.db) as asked:
        statuses.read_all()
    assert asked == []


def test_without_a_database_and_in_quarantine_nothing_is_known(
    world: World, statuses: StatusBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then each route says so itself, as it did before."""
    session = world.admitted()
    told(statuses, session)
    statuses.read_all()
    assert told(statuses, session)
    with world.core.db.begin() as db:
        quarantine.begin(db, world.core, Head(0, b""), Head(1, b"\0"))
    statuses.read_all()
    assert told(statuses, session) is None
    with world.core.db.begin() as db:
        db.execute(text("update quarantines set lifted_at = '2026-12-01 00:00:00'"))
    statuses.read_all()
    assert json.loads(told(statuses, session) or b"")["state"] == "admitted"
    monkeypatch.setattr(world.core.db, "read", away)
    statuses.read_all()
    assert told(statuses, session) is None


def away() -> None:
    """As the driver says it."""
    raise OperationalError("select 1", {}, Exception("away"))


@pytest.mark.parametrize("path", ["/c/none/status.json", "/p/none/status.json"])
def test_a_token_that_is_not_ours_is_refused_as_before(client: AsgiClient, path: str) -> None:
    """By the route, with its own words; the board is not asked."""
    assert client.get(path).status_code == 401


def test_many_sessions_are_read_a_few_at_a_time(
    world: World, statuses: StatusBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each transaction has TOGETHER_MAX of them at most, and all are known afterwards."""
    monkeypatch.setattr(board, "TOGETHER_MAX", 2)
    sessions = [world.admitted() for _ in range(5)]
    for session in sessions:
        told(statuses, session)
    with counted(world.core.db) as asked:
        statuses.read_all()
    assert sum("quarantines" in one for one in asked) == 3
    assert all(told(statuses, session) for session in sessions)


def test_first_polls_wait_for_one_reading_and_not_each_for_its_own(
    world: World, statuses: StatusBoard
) -> None:
    """Many that come at once while readings go on: a reading or two, and every answer is there."""
    sessions = [world.admitted() for _ in range(20)]

    async def arrive() -> list[bytes | None]:
        await statuses.start()
        try:
            return await asyncio.gather(*(statuses.answer(session.id) for session in sessions))
        finally:
            await statuses.close()

    with counted(world.core.db) as asked:
        answers = asyncio.run(arrive())
    assert all(answers)
    assert sum("quarantines" in one for one in asked) <= 2


def test_a_session_that_does_not_exist_waits_for_one_reading_and_no_longer(statuses: StatusBoard) -> None:
    """Its route then says that there is none."""

    async def ask() -> bytes | None:
        await statuses.start()
        try:
            return await statuses.answer("none")
        finally:
            await statuses.close()

    assert asyncio.run(ask()) is None


def test_a_row_that_cannot_be_read_keeps_no_other_session(world: World, statuses: StatusBoard) -> None:
    """An edited state: that session is its route's, all others are known."""
    odd, *others = [world.admitted() for _ in range(5)]
    with world.core.db.begin() as db:
        db.execute(text("update sessions set state = 'odd' where id = :id"), {"id": odd.id})
    for session in (odd, *others):
        told(statuses, session)
    statuses.read_all()
    assert told(statuses, odd) is None
    assert all(told(statuses, session) for session in others)
