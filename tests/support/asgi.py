"""Requests straight to an application, without a socket."""

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any

import httpx2
from fastapi import APIRouter, FastAPI
from starlette.routing import Mount, Route


class AsgiClient:
    """Each call is one request; exceptions of the application come back as its own 500."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def get(self, path: str, **kwargs: Any) -> httpx2.Response:
        return self.request("GET", path, **kwargs)

    def post(self, path: str, **kwargs: Any) -> httpx2.Response:
        return self.request("POST", path, **kwargs)

    def request(self, method: str, path: str, **kwargs: Any) -> httpx2.Response:
        async def send() -> httpx2.Response:
            transport = httpx2.ASGITransport(self._app, raise_app_exceptions=False)
            async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                return await client.request(method, path, **kwargs)

        return asyncio.run(send())


def addresses(app: FastAPI | APIRouter) -> set[tuple[str, str]]:
    """Every (method, path) that the application or router answers; static folders as (GET, path)."""
    return {
        (method, path)
        for path, route in routes(app.routes)
        for method in (["GET"] if isinstance(route, Mount) else route.methods or ())
    }


def routes(among: Iterable[Any], prefix: str = "") -> Iterator[tuple[str, Mount | Route]]:
    """Every route with its whole path, also those of included routers; static folders as one each."""
    for route in among:
        if isinstance(route, Mount | Route):
            yield prefix + route.path, route
        else:
            yield from routes(route.original_router.routes, prefix + route.include_context.prefix)
