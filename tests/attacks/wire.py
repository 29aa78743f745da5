"""Connections by hand, byte by byte, from any address of loopback: what no HTTP client would do."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

OPENING_S_MAX = 5.0
HOLD_S = 20.0  # twice what the head or the body of a request may take: a busy machine judges the same
AT_ONCE = 100
ANSWER_BYTES_MAX = 4096


@dataclass(slots=True)
class Wire:
    """One connection. `status` is the first answer's, if there is one; `closed` once the server ended it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    status: int | None = None
    closed: bool = False

    async def send(self, data: bytes) -> None:
        """As far as the server takes it; not at all once it has closed."""
        if self.closed or self.writer.is_closing():
            return
        try:
            self.writer.write(data)
            await self.writer.drain()
        except OSError:
            self.closed = True

    async def watch(self) -> None:
        """Until the server closes: keeps the status of the first answer."""
        seen = b""
        with contextlib.suppress(OSError):
            while data := await self.reader.read(ANSWER_BYTES_MAX):
                seen = (seen + data)[:ANSWER_BYTES_MAX]
                if self.status is None and seen.startswith(b"HTTP/1.1 ") and len(seen) >= 12:
                    self.status = int(seen[9:12])
        self.closed = True

    @property
    def refused(self) -> bool:
        """Whether the server has ended it, or has answered with an error."""
        return self.closed or (self.status or 0) >= 400


Play = Callable[[Wire], Awaitable[None]]


def addresses(count: int) -> list[str]:
    """That many addresses of loopback."""
    return [f"127.0.{number // 250 + 1}.{number % 250 + 1}" for number in range(count)]


def play(url: str, sources: Sequence[str], each: int, what: Play, seconds: float) -> list[Wire | None]:
    """`each` connections from every source do `what`, and are judged `seconds` after the last was opened.
    None stands for one that was not even opened. All are closed then."""
    return asyncio.run(_play(url, [one for one in sources for _ in range(each)], what, seconds))


async def _play(url: str, sources: Iterable[str], what: Play, seconds: float) -> list[Wire | None]:
    place = urlsplit(url)
    slots = asyncio.Semaphore(AT_ONCE)
    running: list[asyncio.Task[None]] = []

    async def one(source: str) -> Wire | None:
        async with slots:
            try:
                opening = asyncio.open_connection(place.hostname, place.port, local_addr=(source, 0))
                wire = Wire(*await asyncio.wait_for(opening, OPENING_S_MAX))
            except (OSError, TimeoutError):
                return None
        running.extend([asyncio.ensure_future(wire.watch()), asyncio.ensure_future(what(wire))])
        return wire

    wires = await asyncio.gather(*map(one, sources))
    await asyncio.sleep(seconds)
    judged = [wire and Wire(wire.reader, wire.writer, wire.status, wire.closed) for wire in wires]
    for task in running:
        task.cancel()
    for wire in wires:
        if wire is not None:
            wire.writer.transport.abort()
    await asyncio.gather(*running, return_exceptions=True)
    return judged


def through(wires: Sequence[Wire | None]) -> int:
    """How many connections the server still keeps, without having refused anything."""
    return sum(wire is not None and not wire.refused for wire in wires)


def request(method: str, target: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """A request as it goes over the wire; `body` may be shorter than what the headers promise."""
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body
