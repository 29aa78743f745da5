"""An open port with guests, to which a test hands datagrams."""

import asyncio
from collections.abc import Awaitable, Callable

from aioice import stun as other
from aioice.ice import Connection

from capture.receive.port import Guest, MediaPort

HOME = ("198.51.100.7", 4000)
ELSEWHERE = ("203.0.113.9", 4000)
RFC_5769_REQUEST = bytes.fromhex(
    "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74"
    "002400046e0001ff80290008932ff9b151263b36000600096576746a3a68367659202020"
    "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf"
)
RFC_5769_PASSWORD = b"VOkJxbRl1RmTxUk/WvJxBt"


class Stage:
    """An open port with guests; `bring` hands it a datagram as its socket would."""

    def __init__(self) -> None:
        self.port = MediaPort(["127.0.0.1"], 0, lambda: 1_000)
        self.port.open()
        self.media: list[tuple[str, int]] = []
        self.heard_s: dict[str, float] = {}
        self.round_trips: list[int] = []

    def guest(self, name: str) -> Guest:
        agent = Connection(ice_controlling=False)
        agent.remote_username, agent.remote_password = "them", "p" * 22
        return self.port.admit(
            agent,
            lambda begin, length, now_s, now_ms: self.media.append((name, length)),
            lambda: self.heard_s.get(name, 0.0),
            self.round_trips.append,
        )

    def bring(self, data: bytes, source: tuple[str, int] = HOME) -> None:
        self.port.buffer[: len(data)] = data
        fileno = next(iter(self.port._bound.values())).media.fileno()
        self.port.accept(0, len(data), source, fileno, (self.port._now_s, 0))

    def check(self, guest: Guest, password: bytes | None = None) -> bytes:
        request = other.Message(message_method=other.Method.BINDING, message_class=other.Class.REQUEST)
        request.attributes["USERNAME"] = f"{guest.ufrag.decode()}:them"
        request.attributes["PRIORITY"] = 1
        request.add_message_integrity(password or guest.password)
        return bytes(request)


RTP = b"\x80" + bytes(40)


def on_stage(scenario: Callable[[Stage], Awaitable[None]]) -> None:
    async def run() -> None:
        stage = Stage()
        try:
            await scenario(stage)
        finally:
            stage.port.close()

    asyncio.run(run())
