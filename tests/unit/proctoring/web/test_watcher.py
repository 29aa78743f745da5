"""`/metrics` is read by programs of this machine, or with a token, and by nobody through a proxy."""

import asyncio

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.requests import Request

from proctoring.web import problems
from proctoring.web.watcher import FORWARDED, demand_watcher
from tests.support.settings import plain_settings

TOKEN = "a token of the operator's"
BEARER = {"authorization": f"Bearer {TOKEN}"}


def status(client: str | None, headers: dict[str, str], token: str = "") -> int:
    """What a program at this address is answered."""
    app = FastAPI()
    problems.install(app)
    settings = plain_settings(metrics_token=SecretStr(token))

    @app.get("/metrics")
    def metrics(request: Request) -> None:
        demand_watcher(request, settings)

    async def ask() -> int:
        transport = httpx2.ASGITransport(app, client=client and (client, 1234))  # type: ignore[arg-type]
        async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as browser:
            return (await browser.get("/metrics", headers=headers)).status_code

    return asyncio.run(ask())


@pytest.mark.parametrize("client", ["127.0.0.1", "127.9.9.9", "::1", None])
def test_a_program_of_this_machine_reads_them(client: str | None) -> None:
    """By address or by a Unix socket; without a token where none is set, and where one is."""
    assert status(client, {}) == 200
    assert status(client, {}, TOKEN) == 200


@pytest.mark.parametrize("name", FORWARDED)
@pytest.mark.parametrize("value", ["127.0.0.1", "for=127.0.0.1", ""])
def test_what_came_through_a_proxy_is_refused(name: str, value: str) -> None:
    """Behind one every request comes from this machine, and a stranger chooses what such a header says."""
    assert status("127.0.0.1", {name: value}) == 401


@pytest.mark.parametrize("client", ["192.0.2.7", "10.0.0.4", "2001:db8::1", "testclient"])
def test_elsewhere_only_the_token_reads_them(client: str) -> None:
    """The right one alone, by whatever way; none is right where none is set."""
    assert status(client, BEARER, TOKEN) == 200
    assert status(client, BEARER | {"x-forwarded-for": "192.0.2.7"}, TOKEN) == 200
    for headers in (
        {},
        {"authorization": "Bearer"},
        {"authorization": "Bearer wrong"},
        {"authorization": f"Basic {TOKEN}"},
    ):
        assert status(client, headers, TOKEN) == 401
    assert status(client, {"authorization": "Bearer "}) == 401
    assert status("127.0.0.1", {"authorization": "Bearer wrong"}, TOKEN) == 401
