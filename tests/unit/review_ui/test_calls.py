"""Stream of events for the bar of calls: what it says, and when."""

import asyncio
from types import SimpleNamespace
from typing import cast

import pytest
from fastapi import Request

from proctoring.help import service as help_requests
from proctoring.help.model import HelpKind
from review_ui import calls
from tests.unit.review_ui.conftest import Office


def asked_of(server: object) -> Request:
    return cast(Request, SimpleNamespace(app=SimpleNamespace(state=SimpleNamespace(server=server))))


def test_each_change_is_told_once_until_the_server_stops(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first event comes at once, the next with the next call; nothing of the call is in it."""
    monkeypatch.setattr(calls, "READ_EVERY_S", 0)
    server = SimpleNamespace(should_exit=False)
    session = office.world.admitted()

    async def events() -> list[str]:
        told = calls.stream(calls.CallWatch(office.world.core), asked_of(server))
        found = [await anext(told), await anext(told)]
        with office.world.core.db.begin() as db:
            help_requests.ask(db, office.world.core, session.id, HelpKind.HELP, "The doorbell rang.")
        found.append(await anext(told))
        server.should_exit = True
        return found + [event async for event in told]

    retry, first, second = asyncio.run(events())
    assert retry == f"retry: {calls.RETRY_MS}\n\n"
    assert first != second
    for event in (first, second):
        name, data = event.strip().split("\n")
        assert name == "event: calls"
        assert len(data) == len("data: ") + 16
    assert "doorbell" not in second


def test_the_database_is_read_once_for_all_pages(office: Office) -> None:
    """A hundred pages cost what one costs."""
    watch = calls.CallWatch(office.world.core)
    reads = 0
    read = watch._read

    def counted() -> str:
        nonlocal reads
        reads += 1
        return read()

    watch._read = counted  # type: ignore[method-assign]

    async def marks() -> set[str]:
        return set(await asyncio.gather(*(watch.mark() for _ in range(100))))

    assert len(asyncio.run(marks())) == 1
    assert reads == 1
