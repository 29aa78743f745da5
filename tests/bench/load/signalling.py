"""Way of an offer to a receiver and of its answer back: by WHIP (RFC 9725), or Janus's videoroom."""

import secrets
from typing import Any, Protocol
from urllib.parse import urljoin

import httpx2

JANUS_ROOM = 1234
JANUS_POLLS_MAX = 20


class Signalling(Protocol):
    """One publisher's way to its receiver."""

    async def answer(self, offer: str) -> str:
        """The answer to this offer. Raises httpx2.HTTPError, or RuntimeError with what came instead."""
        ...

    async def leave(self) -> None:
        """The goodbye: the receiver stores what it has."""
        ...


class Whip:
    """A WHIP endpoint; without a token none is sent."""

    def __init__(self, http: httpx2.AsyncClient, url: str, token: str = "") -> None:
        self._http = http
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._ingest = ""

    async def answer(self, offer: str) -> str:
        headers = {**self._headers, "Content-Type": "application/sdp"}
        response = await self._http.post(self._url, content=offer, headers=headers)
        if response.status_code != httpx2.codes.CREATED:
            raise RuntimeError(f"{response.status_code} {response.text}")
        self._ingest = urljoin(self._url, response.headers["Location"])
        return response.text

    async def leave(self) -> None:
        await self._http.delete(self._ingest, headers=self._headers)


class Janus:
    """A publisher in JANUS_ROOM of a Janus whose HTTP transport is at `url`; its sessions must not expire."""

    def __init__(self, http: httpx2.AsyncClient, url: str) -> None:
        self._http = http
        self._url = url
        self._session = ""

    async def answer(self, offer: str) -> str:
        self._session = f"/{(await self._ask('', janus='create'))['data']['id']}"
        plugin = (await self._ask(self._session, janus="attach", plugin="janus.plugin.videoroom"))["data"][
            "id"
        ]
        join = {"request": "joinandconfigure", "room": JANUS_ROOM, "ptype": "publisher"}
        await self._ask(
            f"{self._session}/{plugin}", janus="message", body=join, jsep={"type": "offer", "sdp": offer}
        )
        event: dict[str, Any] = {}
        for _ in range(JANUS_POLLS_MAX):
            event = (await self._http.get(f"{self._url}{self._session}", params={"maxev": 1})).json()
            if "jsep" in event:
                return str(event["jsep"]["sdp"])
        raise RuntimeError(f"Janus does not answer the offer: {event}")

    async def leave(self) -> None:
        await self._ask(self._session, janus="destroy")

    async def _ask(self, path: str, **request: Any) -> dict[str, Any]:
        response = await self._http.post(
            self._url + path, json=request | {"transaction": secrets.token_hex(6)}
        )
        answer: dict[str, Any] = response.json()
        if answer.get("janus") not in ("success", "ack"):
            raise RuntimeError(f"Janus refuses {request['janus']}: {answer}")
        return answer
