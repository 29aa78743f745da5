"""One candidate's browser as far as HTTP goes: one connection that is kept, and Chromium's headers."""

import asyncio
import time
from collections import defaultdict
from dataclasses import dataclass, field
from urllib.parse import urlsplit

HEADERS = {
    "Connection": "keep-alive",
    "sec-ch-ua-platform": '"Linux"',
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0",
    "sec-ch-ua": '"Chromium";v="140", "Not=A?Brand";v="24", "Google Chrome";v="140"',
    "sec-ch-ua-mobile": "?0",
    "Accept": "*/*",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-Mode": "cors",
    "Sec-Fetch-Dest": "empty",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Accept-Language": "nl-BE,nl;q=0.9,en;q=0.8",
}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ANSWER_S_MAX = 30.0


@dataclass(slots=True)
class Timings:
    """Seconds of each answer, by what was asked; and what was no success."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    failures: list[str] = field(default_factory=list)


class Browser:
    """Asks one thing after another. What fails is noted in `timings`, and the connection made anew."""

    def __init__(self, url: str, timings: Timings) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._timings = timings
        self._lines = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, what: str, path: str) -> bytes:
        """The body, "" of what failed."""
        return await self._ask(what, "GET", path, b"", {})

    async def post(self, what: str, path: str, form: bytes = b"") -> bytes:
        """The same with a form."""
        return await self._ask(what, "POST", path, form, FORM | {"Content-Length": str(len(form))})

    def close(self) -> None:
        """Ends the connection."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _ask(self, what: str, method: str, path: str, body: bytes, more: dict[str, str]) -> bytes:
        head = f"{method} {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\n{self._lines}"
        head += "".join(f"{name}: {value}\r\n" for name, value in more.items()) + "\r\n"
        begun_s = time.perf_counter()
        try:
            async with asyncio.timeout(ANSWER_S_MAX):
                status, answer = await self._exchange(head.encode() + body)
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            self.close()
            self._timings.failures.append(f"{what}: {type(error).__name__}")
            return b""
        self._timings.seconds[what].append(time.perf_counter() - begun_s)
        if status >= 400:
            self._timings.failures.append(f"{what}: {status}")
            return b""
        return answer

    async def _exchange(self, request: bytes) -> tuple[int, bytes]:
        if self._streams is not None and self._streams[0].at_eof():
            self.close()
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if "chunked" in headers.get("transfer-encoding", ""):
            return int(first.split(" ")[1]), await _chunks(reader)
        return int(first.split(" ")[1]), await reader.readexactly(int(headers.get("content-length", "0")))


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    whole = bytearray()
    while size := int(await reader.readline(), 16):
        whole += await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readexactly(2)
    return bytes(whole)
