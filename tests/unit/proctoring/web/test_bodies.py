"""Bodies of requests are bounded before a byte is read: in size, in number, in patience, by whose word."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any

import pytest
from fastapi import FastAPI, Form, Request

from proctoring.errors import TokenRefused
from proctoring.web import bodies
from proctoring.web.application import application
from proctoring.web.bodies import ADDRESS_MAX, FORM_BYTES_MAX, TOKEN_UPLOADS_MAX, UPLOADS_MAX, Body, BodyRules
from tests.support.settings import plain_settings

UPLOAD_BYTES_MAX = 2 << 20
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"


def token(text: str) -> None:
    if not text.startswith("goo"):
        raise TokenRefused("This link is not ours.", "Ask for another.")


class Sender:
    """One request, whose body comes when the test says so. `asked` counts how often more of it was wanted."""

    def __init__(
        self, app: FastAPI, path: str, headers: Mapping[str, str], client: str = "192.0.2.1"
    ) -> None:
        self.asked = 0
        self.status = 0
        self.headers: dict[str, str] = {}
        self._pieces: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._wants = asyncio.Event()
        scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(b"host", b"127.0.0.1"), *((k.encode(), v.encode()) for k, v in headers.items())],
            "client": (client, 1),
            "server": ("127.0.0.1", 80),
            "scheme": "http",
        }
        self.done = asyncio.ensure_future(app(scope, self._receive, self._send))

    async def sends(self, data: bytes, more: bool = True) -> None:
        await self._put({"type": "http.request", "body": data, "more_body": more})

    async def leaves(self) -> None:
        await self._put({"type": "http.disconnect"})

    async def settle(self) -> None:
        """Until it is answered, or waits for more of the body."""
        wants = asyncio.ensure_future(self._wants.wait())
        await asyncio.wait([self.done, wants], return_when=asyncio.FIRST_COMPLETED)
        wants.cancel()

    async def _put(self, message: dict[str, Any]) -> None:
        self._wants.clear()
        self._pieces.put_nowait(message)
        await self.settle()

    async def _receive(self) -> dict[str, Any]:
        self.asked += 1
        if self._pieces.empty():
            self._wants.set()
        return await self._pieces.get()

    async def _send(self, message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}


class Service:
    """A form for anybody, a form below a token, and an upload with a bearer token, which is checked first."""

    def __init__(self) -> None:
        rules = BodyRules([Body("POST", "/upload/{name}", UPLOAD_BYTES_MAX)], {"c": token})
        self.app = application(plain_settings(), rules)
        self.app.add_api_route("/form", self._form, methods=["POST"])
        self.app.add_api_route("/c/{given}/form", self._form, methods=["POST"])
        self.app.add_api_route("/upload/{name}", self._upload, methods=["POST"])

    async def _form(self, text: Annotated[str, Form()] = "") -> dict[str, int]:
        return {"characters": len(text)}

    async def _upload(self, request: Request) -> dict[str, int]:
        token(request.headers["authorization"].removeprefix("Bearer ").strip())
        return {"bytes": len(await request.body())}

    async def form(self, path: str = "/form", size: int = 100, client: str = "192.0.2.1") -> Sender:
        sender = Sender(self.app, path, {"content-type": FORM, "content-length": str(size)}, client)
        await sender.settle()
        return sender

    async def upload(self, given: str = "good", size: int = UPLOAD_BYTES_MAX) -> Sender:
        headers = {"authorization": f"Bearer {given}", "content-length": str(size)}
        sender = Sender(self.app, "/upload/one", headers)
        await sender.settle()
        return sender


def run(scenario: Callable[[Service], Awaitable[None]]) -> None:
    async def made() -> None:
        await scenario(Service())

    asyncio.run(made())


def test_a_body_that_says_it_is_too_large_is_not_read() -> None:
    """A form and an upload, each beyond its own bound; at the bound both are read."""

    async def scenario(service: Service) -> None:
        for refused in (
            await service.form(size=FORM_BYTES_MAX + 1),
            await service.upload(size=UPLOAD_BYTES_MAX + 1),
        ):
            assert (refused.status, refused.asked) == (413, 0)
            assert refused.headers["content-type"] == "application/problem+json"
        for read in (await service.form(size=FORM_BYTES_MAX), await service.upload(size=UPLOAD_BYTES_MAX)):
            assert (read.status, read.asked) == (0, 1)
            await read.sends(b"text=a", more=False)
            assert read.status == 200

    run(scenario)


def test_a_body_that_says_nothing_of_its_length_is_read_to_its_bound() -> None:
    """Chunks are counted as they come."""

    async def scenario(service: Service) -> None:
        headers = {"content-type": FORM, "transfer-encoding": "chunked"}
        sender = Sender(service.app, "/form", headers)
        await sender.settle()
        await sender.sends(b"text=" + b"a" * (FORM_BYTES_MAX - 5))
        assert sender.status == 0
        await sender.sends(b"a")
        assert sender.status == 413

    run(scenario)


def test_a_form_takes_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused at the head of the part; no temporary file is made for it."""
    monkeypatch.setattr("starlette.formparsers.SpooledTemporaryFile", None)

    async def scenario(service: Service) -> None:
        sender = Sender(service.app, "/form", {"content-type": MULTIPART, "content-length": "60000"})
        await sender.settle()
        await sender.sends(b'--b\r\nContent-Disposition: form-data; name="text"; filename="x"\r\n\r\n')
        assert sender.status == 400

    run(scenario)


def test_without_a_good_token_in_the_address_nothing_is_read() -> None:
    """Altered, empty of what it should be, or another's: 401, and the body stays where it is."""

    async def scenario(service: Service) -> None:
        for wrong in ("bad", "Good", "%67ood"):
            refused = await service.form(f"/c/{wrong}/form")
            assert (refused.status, refused.asked) == (401, 0)
        assert (await service.upload("bad")).asked == 0
        accepted = await service.form("/c/good/form")
        await accepted.sends(b"text=a", more=False)
        assert accepted.status == 200

    run(scenario)


def test_uploads_are_counted_by_token_and_in_all_before_they_are_read() -> None:
    """The next one of a token is told to come again without a byte taken; when one ends, there is room."""

    async def scenario(service: Service) -> None:
        first = [await service.upload() for _ in range(TOKEN_UPLOADS_MAX)]
        refused = await service.upload()
        assert (refused.status, refused.asked) == (503, 0)
        assert int(refused.headers["retry-after"]) > 0
        assert (await service.upload(" good")).status == (await service.upload("gooe")).status == 503
        free = UPLOADS_MAX - TOKEN_UPLOADS_MAX
        others = [await service.upload(f"good-{number}-token") for number in range(free)]
        assert [one.status for one in others] == [0] * len(others)
        assert (await service.upload("good-last")).status == 503
        await first[0].sends(b"whole", more=False)
        await others[0].leaves()
        assert [(await service.upload("good-last")).status for _ in range(TOKEN_UPLOADS_MAX)] == [0, 0]
        assert (await service.upload("good-none")).status == 503

    run(scenario)


def test_strangers_are_counted_by_address_whatever_token_they_invent() -> None:
    """One address fills its own share of forms and nobody else's; uploads are not touched."""

    async def scenario(service: Service) -> None:
        for _ in range(ADDRESS_MAX):
            assert (await service.form()).status == 0
        invented = {"content-type": FORM, "content-length": "9", "authorization": "Bearer invented"}
        for refused in (await service.form(), Sender(service.app, "/form", invented)):
            await refused.settle()
            assert (refused.status, refused.asked) == (503, 0)
        assert (await service.form(client="192.0.2.2")).status == 0
        assert (await service.upload()).status == 0

    run(scenario)


def test_a_body_that_comes_too_slowly_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told to come again, and its place is free."""
    monkeypatch.setattr(bodies, "GRACE_S", 0.0)
    monkeypatch.setattr(bodies, "TOKEN_UPLOADS_MAX", 1)

    async def scenario(service: Service) -> None:
        for _ in range(3):
            slow = await service.upload()
            await slow.done
            assert slow.status == 503

    run(scenario)


def test_a_dropped_upload_is_one_line_in_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    """With the route and without the address, which may hold a token; no traceback."""

    async def scenario(service: Service) -> None:
        sender = await service.upload()
        await sender.sends(b"some of it")
        await sender.leaves()
        await sender.done

    run(scenario)
    printed = capsys.readouterr()
    lines = (printed.out + printed.err).strip().splitlines()
    assert len(lines) == 1
    assert "request.dropped" in lines[0] and "/upload/{name}" in lines[0]
