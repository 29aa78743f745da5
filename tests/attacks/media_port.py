"""A flood of datagrams from strangers to the port that media comes to."""

import json
import random
import re
import struct
from collections.abc import Callable
from pathlib import Path

import httpx2

from tests.attacks.flood import flood
from tests.attacks.streams import Invited, Stranger, beside_streams
from tests.support.service import Service

TITLE = "The media port"
PER_S = 160_000
FLOOD_S = 12.0
CHANCE = random.Random(13)


def noise() -> bytes:
    return CHANCE.randbytes(CHANCE.randrange(1, 200))


def like_media() -> bytes:
    head = struct.pack(">BBHII", 0x80, 96, CHANCE.randrange(1 << 16), 0, CHANCE.randrange(1 << 32))
    return head + bytes(100)


def like_a_handshake() -> bytes:
    return b"\x16\xfe\xfd" + CHANCE.randbytes(120)


def check_of_nobody() -> bytes:
    """A STUN request that names a user that is not there, with a MESSAGE-INTEGRITY."""
    name = CHANCE.randbytes(4).hex()[:4].encode() + b":abcd"
    attributes = struct.pack(">HH", 6, len(name)) + name + bytes(-len(name) % 4)
    attributes += struct.pack(">HH", 8, 20) + CHANCE.randbytes(20)
    return struct.pack(">HHI", 1, len(attributes), 0x2112A442) + CHANCE.randbytes(12) + attributes


def _flood(datagram: Callable[[], bytes]) -> Stranger:
    def stranger(service: Service, _invited: Invited) -> tuple[int, int]:
        sent = flood(_recording_port(service), datagram, PER_S, FLOOD_S)
        assert sent > 0.8 * PER_S * FLOOD_S, f"only {sent / FLOOD_S:,.0f} datagrams/s could be sent"
        return sent, 0

    return stranger


def _recording_port(service: Service) -> int:
    """The UDP port of the process that has the streams."""
    (port,) = _udp_ports(_recording_pid(service))
    return port


def _recording_pid(service: Service) -> int:
    log = [json.loads(line) for line in service.log.read_text().splitlines() if line.startswith("{")]
    started = {one["process"]: one["pid"] for one in log if one["event"] == "capture-process.started"}
    if not started:
        return service.pid
    text = httpx2.get(f"{service.url}/metrics", timeout=30).text
    streams = re.findall(r'^capture_streams{process="(\d)"} (\S+)$', text, re.M)
    number = max(streams, key=lambda one: float(one[1]))[0]
    pid: int = started[int(number)]
    return pid


def _udp_ports(pid: int) -> set[int]:
    """Of a process, as the system tells it: each socket by its inode."""
    links = [str(file.readlink()) for file in Path(f"/proc/{pid}/fd").iterdir()]
    inodes = {link[8:-1] for link in links if link.startswith("socket:[")}
    lines = [line.split() for line in Path(f"/proc/{pid}/net/udp").read_text().splitlines()[1:]]
    return {int(line[1].rpartition(":")[2], 16) for line in lines if line[9] in inodes}


ATTACKS = [
    *beside_streams("160,000 datagrams of noise a second", _flood(noise)),
    *beside_streams("160,000 a second that look like media", _flood(like_media)),
    *beside_streams("160,000 a second that begin a handshake", _flood(like_a_handshake)),
    *beside_streams("160,000 checks of connectivity a second, for nobody", _flood(check_of_nobody)),
]
