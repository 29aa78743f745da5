"""Connections are bounded in number and in patience, by a clock that the test moves."""

import asyncio
import resource
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from proctoring import descriptors
from proctoring.web import connections
from proctoring.web.connections import HEAD_S_MAX, BoundedProtocol, Connections, bounded, holder_of

REQUEST = b"GET / HTTP/1.1\r\nHost: exams.example\r\n\r\n"
TOO_MUCH = 1 << 20


class Clock:
    """Stands for the loop: `move` lets time pass."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._due: list[tuple[float, asyncio.TimerHandle]] = []

    def call_later(self, delay_s: float, call: Callable[[], object]) -> asyncio.TimerHandle:
        loop = asyncio.get_running_loop()
        handle = asyncio.TimerHandle(self.now_s + delay_s, call, (), loop)
        self._due.append((self.now_s + delay_s, handle))
        return handle

    def create_task(self, work: Any) -> Any:
        return asyncio.get_running_loop().create_task(work)

    def move(self, seconds: float) -> None:
        self.now_s += seconds
        due = [handle for at_s, handle in self._due if at_s <= self.now_s]
        self._due = [one for one in self._due if one[0] > self.now_s]
        for handle in due:
            if not handle.cancelled():
                handle._run()


@dataclass(eq=False)
class Socket:
    """A transport; `unsent` is what the other side has not taken."""

    address: str
    unsent: int = 0
    closing: bool = False  # once all is taken
    ended: bool = False  # at once
    paused: bool = False
    written: bytearray = field(default_factory=bytearray)

    def get_extra_info(self, name: str) -> Any:
        return (self.address, 1) if name == "peername" else None

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def write(self, data: bytes) -> None:
        self.written += data

    def abort(self) -> None:
        self.ended = True

    def close(self) -> None:
        self.closing = True

    def is_closing(self) -> bool:
        return self.ended or self.closing

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False


class Server:
    """One server with its connections; `hold` is set to let a request be answered."""

    def __init__(self, most: int = 100, proxies: tuple[str, ...] = ()) -> None:
        self.registry = Connections(most, proxies)
        self.clock = Clock()
        self.hold = asyncio.Event()
        self._config = uvicorn.Config(
            self._app, http=bounded(self.registry), interface="asgi3", log_config=None
        )
        self._config.load()

    async def _app(self, _scope: Any, _receive: Any, send: Any) -> None:
        await self.hold.wait()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    def connect(self, address: str = "192.0.2.1") -> tuple[BoundedProtocol, Socket]:
        make: Callable[..., asyncio.Protocol] = self._config.http_protocol_class
        made = make(config=self._config, server_state=ServerState(), app_state={}, _loop=self.clock)
        assert isinstance(made, BoundedProtocol)
        socket = Socket(address)
        made.connection_made(socket)  # type: ignore[arg-type]
        return made, socket

    async def answered(self, socket: Socket) -> None:
        self.hold.set()
        for _ in range(10):
            await asyncio.sleep(0)  # the application's own steps, and no time
        assert b"204" in socket.written


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(scenario())  # type: ignore[arg-type]


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\nHost: exam", b"G"])
def test_a_head_that_does_not_come_whole_in_time_ends_the_connection(said: bytes) -> None:
    """However much of it came, and however late the last byte."""

    async def scenario() -> None:
        server = Server()
        made, socket = server.connect()
        server.clock.move(HEAD_S_MAX - 1)
        if said:
            made.data_received(said)
        assert not socket.ended
        server.clock.move(1)
        assert socket.ended

    run(scenario)


def test_the_next_head_on_a_kept_connection_has_as_long_and_no_longer() -> None:
    """A byte stops uvicorn's own clock for idle connections, and not this one."""

    async def scenario() -> None:
        server = Server()
        made, socket = server.connect()
        server.clock.move(HEAD_S_MAX - 1)
        made.data_received(REQUEST)
        await server.answered(socket)
        made.data_received(b"G")
        server.clock.move(HEAD_S_MAX - 1)
        assert not socket.ended
        server.clock.move(1)
        assert socket.ended

    run(scenario)


def test_a_request_in_hand_may_take_its_time() -> None:
    """The end of a stream waits for its commit; the connection is kept meanwhile, and can be used again."""

    async def scenario() -> None:
        server = Server()
        made, socket = server.connect()
        made.data_received(REQUEST)
        for _ in range(5):
            server.clock.move(HEAD_S_MAX)
        assert not socket.ended
        await server.answered(socket)
        socket.written.clear()
        made.data_received(REQUEST)
        await server.answered(socket)

    run(scenario)


def test_of_a_body_that_was_refused_little_is_read() -> None:
    """Enough for a sender to come to the answer; a flood of it costs the process nothing."""

    async def scenario() -> None:
        server = Server()
        made, socket = server.connect()
        made.data_received(b"POST / HTTP/1.1\r\nHost: exams.example\r\nContent-Length: 99999999\r\n\r\n")
        await server.answered(socket)
        for _ in range(connections.UNWANTED_BYTES_MAX // 65536):
            made.data_received(bytes(65536))
            assert not socket.paused
        made.data_received(bytes(65536))
        assert socket.paused
        server.clock.move(HEAD_S_MAX)
        assert socket.ended

    run(scenario)


def test_an_answer_is_waited_for_as_long_as_it_is_taken() -> None:
    """Whoever takes it at the least rate gets all of it; whoever takes nothing more is let go."""

    async def scenario() -> None:
        server = Server()
        made, socket = server.connect()
        made.data_received(REQUEST)
        await server.answered(socket)
        socket.unsent = TOO_MUCH
        for _ in range(5):
            server.clock.move(HEAD_S_MAX)
            socket.unsent -= int(connections.SLOWEST_BYTES_PER_S * HEAD_S_MAX)
        server.clock.move(HEAD_S_MAX)
        assert (socket.closing, socket.ended) == (True, False)
        server.clock.move(HEAD_S_MAX)
        assert socket.ended

    run(scenario)


def test_one_address_has_its_share_and_a_proxy_is_not_one_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond it a connection is refused at once; one that ends makes room; others are not touched."""
    monkeypatch.setattr(connections, "ADDRESS_MAX", 2)

    async def scenario() -> None:
        server = Server(proxies=("198.51.100.0/24",))
        (first, _), _ = server.connect(), server.connect()
        refused, socket = server.connect()
        assert socket.ended
        refused.connection_lost(None)
        assert not server.connect("192.0.2.2")[1].ended
        first.connection_lost(None)
        assert not server.connect()[1].ended
        assert not any(server.connect("198.51.100.7")[1].ended for _ in range(5))
        assert not any(server.connect("")[1].ended for _ in range(5))

    run(scenario)


def test_a_customer_of_ipv6_is_one_holder_with_all_addresses() -> None:
    """The first 64 bits are the network's; what a proxy names otherwise stands for itself."""
    assert holder_of("2001:db8::1") == holder_of("2001:db8::ffff:1%eth0") != holder_of("2001:db8:0:1::1")
    assert holder_of("192.0.2.1") != holder_of("192.0.2.2")
    assert holder_of("unknown") == "unknown"


def test_beyond_all_places_the_longest_idle_makes_room_and_no_request_does() -> None:
    """So that idle strangers keep nobody out, and nobody's request is cut off."""

    async def scenario() -> None:
        server = Server(most=2)
        idle, idle_socket = server.connect()
        busy, busy_socket = server.connect("192.0.2.2")
        busy.data_received(REQUEST)
        third, third_socket = server.connect("192.0.2.3")
        assert (idle_socket.ended, busy_socket.ended, third_socket.ended) == (True, False, False)
        third.data_received(REQUEST)
        idle.connection_lost(None)
        assert server.connect("192.0.2.4")[1].ended
        assert len(server.registry) == 2
        await server.answered(busy_socket)
        await server.answered(third_socket)

    run(scenario)


def test_files_are_kept_for_the_spool_whatever_the_system_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    """The soft limit is raised as far as may be; connections get what the reserve leaves, two files each."""
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 4096))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: told.append(limits))
    assert (descriptors.raise_limit(), told) == (4096, [(4096, 4096)])
    for files in (1024, 4096, descriptors.FILES_WANTED):
        taken = descriptors.connections_max(files) * descriptors.FILES_PER_CONNECTION
        assert 0 < taken <= files - descriptors.FILES_RESERVED
    assert descriptors.connections_max(64) == 1
