"""TURN relays that share a secret with us: each publisher gets its own credential with an expiry.

The convention of the "TURN REST API" (draft-uberti-behave-turn-rest-00), coturn's `use-auth-secret`: the
username is `<Unix seconds of its end>:<random id>`, the credential base64(HMAC-SHA1(secret, username)). It
reveals nothing about the candidate, and the relay has to store nothing.
"""

import asyncio
import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from aioice import stun, turn

from capture.publish.ice import IceServer
from proctoring.clock import Clock

CREDENTIAL_S = 12 * 3600
"""A relay asks again while it relays, so that a credential has to outlast an exam with its extra time."""
ANSWER_S_MAX = 5.0
STUN_PORT = 3478
TLS_PORT = 5349
ID_BYTES = 8
_URL = re.compile(
    r"(?P<kind>stun|turns?):(?P<host>\[[0-9A-Fa-f:.]+\]|[^:?\[\]]+)(:(?P<port>\d+))?(\?transport=(?P<transport>udp|tcp))?"
)


@dataclass(frozen=True, slots=True)
class Relays:
    """Relays at `urls` that know `secret`."""

    urls: Sequence[str]
    secret: str
    clock: Clock

    def servers(self) -> list[IceServer]:
        """The relays with a credential that ends in CREDENTIAL_S."""
        username = f"{int(self.clock().timestamp()) + CREDENTIAL_S}:{secrets.token_hex(ID_BYTES)}"
        credential = credential_of(self.secret, username)
        return [IceServer(url, username, credential) for url in self.urls]


def credential_of(secret: str, username: str) -> str:
    """What the relay expects as the password of this username."""
    mac = hmac.new(secret.encode(), username.encode(), hashlib.sha1)
    return base64.b64encode(mac.digest()).decode()


async def check(server: IceServer) -> str:
    """What the server answered: our address as it sees us from a STUN server, the relayed one from a TURN
    server. Raises OSError, with what is the matter, when it does not answer in ANSWER_S_MAX or refuses."""
    parsed = _URL.fullmatch(server.url)
    if parsed is None:
        raise OSError(f"{server.url} is no stun: or turn: address")
    asked = _bind(_address(parsed)) if parsed["kind"] == "stun" else _allocate(parsed, server)
    try:
        host, port = await asyncio.wait_for(asked, ANSWER_S_MAX)
    except TimeoutError:
        raise OSError(f"no answer in {ANSWER_S_MAX:.0f} s") from None
    except (stun.TransactionError, ConnectionError) as error:
        raise OSError(f"it refuses: {error}") from error
    return f"{host}:{port}"


async def _allocate(url: re.Match[str], server: IceServer) -> tuple[str, int]:
    lost = asyncio.Event()

    class Relayed(asyncio.DatagramProtocol):
        def connection_lost(self, _why: Exception | None) -> None:
            lost.set()

    endpoint, _ = await turn.create_turn_endpoint(
        Relayed,
        server_addr=_address(url),
        username=server.username,
        password=server.credential,
        ssl=url["kind"] == "turns" or None,
        transport=url["transport"] or ("tcp" if url["kind"] == "turns" else "udp"),
    )
    relayed: tuple[str, int] = endpoint.get_extra_info("sockname")
    endpoint.close()
    await lost.wait()
    return relayed


def _address(url: re.Match[str]) -> tuple[str, int]:
    return url["host"].strip("[]"), int(url["port"] or (TLS_PORT if url["kind"] == "turns" else STUN_PORT))


async def _bind(address: tuple[str, int]) -> tuple[str, int]:
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[tuple[str, int]] = loop.create_future()
    request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)

    class Client(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, _addr: object) -> None:
            message = stun.parse_message(data)
            if message.transaction_id == request.transaction_id and not answered.done():
                answered.set_result(message.attributes["XOR-MAPPED-ADDRESS"])

    transport, _ = await loop.create_datagram_endpoint(Client, remote_addr=address)
    try:
        transport.sendto(bytes(request))
        return await answered
    finally:
        transport.close()
