"""Credentials for relays, as the TURN REST API convention makes them."""

import asyncio
from datetime import UTC, datetime

import httpx2
import pytest
from fastapi import FastAPI

from capture.publish import whip
from capture.publish.ice import IceServer
from capture.publish.ingests import Ingests
from capture.publish.relay import CREDENTIAL_S, Relays, check, credential_of
from capture.recorder import Grant, MemoryRecorder
from proctoring.exams.model import Stream
from proctoring.web import problems

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
URL = "turn:turn.exam.example:3478?transport=udp"
RELAYS = Relays([URL], "north", lambda: NOW)


def test_a_credential_is_what_the_convention_says() -> None:
    """base64(HMAC-SHA1(secret, username)), here against a value computed by `openssl dgst -sha1 -hmac`."""
    assert credential_of("north", "1433895918:ninefingers") == "jy8hTxmOO7UtEKXqSkSlvakPVYA="


def test_each_publisher_gets_one_of_its_own_that_ends() -> None:
    """The username begins with its end in Unix seconds; no two are alike; the secret is nowhere in it."""
    first, second = RELAYS.servers()[0], RELAYS.servers()[0]
    end, _, random = first.username.partition(":")
    assert int(end) == int(NOW.timestamp()) + CREDENTIAL_S
    assert len(random) == 16
    assert first.username != second.username
    assert first.credential == credential_of("north", first.username)
    assert "north" not in repr(first)


def links(method: str, token: str | None) -> httpx2.Response:
    """What the endpoint answers to a request without a body."""

    async def ask() -> httpx2.Response:
        recorder = MemoryRecorder({"good": Grant("session-1", Stream.WEBCAM)})
        app = FastAPI()
        problems.install(app)
        app.include_router(whip.routes(Ingests(recorder, addresses=["127.0.0.1"]), RELAYS))
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test") as client:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            return await client.request(method, "/whip", headers=headers)

    return asyncio.run(ask())


def test_a_publisher_may_ask_before_its_offer() -> None:
    """OPTIONS with the ingest token tells the relays (RFC 9725 section 4.6), which ICE needs before that."""
    answer = links("OPTIONS", "good")
    assert answer.status_code == 204
    assert answer.headers["link"].startswith(f'<{URL}>; rel="ice-server"; username="')


@pytest.mark.parametrize(("token", "status"), [(None, 204), ("forged", 401)])
def test_nobody_else_gets_a_credential(token: str | None, status: int) -> None:
    """A browser's preflight carries no token and is told none; a forged token is refused."""
    answer = links("OPTIONS", token)
    assert (answer.status_code, "link" in answer.headers) == (status, False)


@pytest.mark.parametrize("url", ["http://turn.example", "turn:", "turn:host?transport=sctp"])
def test_what_is_no_relay_is_said(url: str) -> None:
    """An address that cannot be asked is an error with the address in it."""
    with pytest.raises(OSError, match="no stun: or turn:"):
        asyncio.run(check(IceServer(url)))
