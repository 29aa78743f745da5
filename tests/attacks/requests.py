"""Bodies without end, without pace, without a token, and left half way."""

import asyncio
import re
from functools import partial
from urllib.parse import urlsplit

from capture.late.gap_filler import PIECE_BYTES_MAX
from proctoring.web.bodies import ADDRESS_MAX, TOKEN_UPLOADS_MAX
from tests.attacks.streams import Invited, beside_streams
from tests.attacks.wire import HOLD_S, Wire, addresses, play, request, through
from tests.bench import meters
from tests.support.service import Service

TITLE = "Request bodies"
JUDGED_S = 8.0
DRIP_S = 0.5
UPLOADS = 150
STALLED_BYTES = 7 << 20  # of PIECE_BYTES_MAX that are promised
GROWTH_BYTES_MAX = 96 << 20  # two pieces, the recording's own, and what the allocator keeps
ENDLESS_BYTES = 64 << 20
CHUNK = bytes(64 << 10)
HOST = {"Host": "127.0.0.1"}
FORM = HOST | {"Content-Type": "application/x-www-form-urlencoded"}
MULTIPART = HOST | {"Content-Type": "multipart/form-data; boundary=b", "Transfer-Encoding": "chunked"}
FILE_PART = b'--b\r\nContent-Disposition: form-data; name="code"; filename="x"\r\n\r\n'


def _home(invited: Invited) -> str:
    """The address of the candidate's own pages."""
    return urlsplit(invited["candidate_url"]).path


def _upload(invited: Invited, token: str) -> bytes:
    """The head of a piece that a page sends afterwards."""
    target = f"/api/v1/sessions/{invited['session_id']}/late-segments/webcam/1?duration_ms=1000"
    headers = {"Content-Type": "video/webm", "Content-Length": str(PIECE_BYTES_MAX)}
    return request("PUT", target, HOST | headers | {"Authorization": f"Bearer {token}"})


async def _endless(target: str, wire: Wire) -> None:
    """A file in a form, sent as fast as it is taken."""
    await wire.send(request("POST", target, MULTIPART) + _chunk(FILE_PART))
    sent = 0
    while sent < ENDLESS_BYTES and not wire.refused:
        await wire.send(_chunk(CHUNK))
        sent += len(CHUNK)


async def _slow(target: str, wire: Wire) -> None:
    await wire.send(request("POST", target, FORM | {"Content-Length": "60000"}))
    while not wire.refused:
        await asyncio.sleep(DRIP_S)
        await wire.send(b"a")


async def _stalled(head: bytes, wire: Wire) -> None:
    """Most of a piece at once, and never the rest."""
    await wire.send(head)
    for _ in range(STALLED_BYTES // len(CHUNK)):
        if wire.refused:
            return
        await wire.send(CHUNK)


async def _left(head: bytes, wire: Wire) -> None:
    """Some of a piece, and gone."""
    await wire.send(head + CHUNK)
    wire.writer.transport.abort()


def _chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def unfinished_multipart(service: Service, invited: Invited) -> tuple[int, int]:
    """To the sign-in page, where there is one, and to a form of the candidate's."""
    each = 4
    targets = ("/sign-in", f"{_home(invited)}/help")
    wires = [play(service.url, ["127.0.0.2"], each, partial(_endless, one), JUDGED_S) for one in targets]
    return each * len(targets), sum(map(through, wires))


def slow_bodies(service: Service, invited: Invited) -> tuple[int, int]:
    """From one address more than it may have, and from others."""
    play_ = partial(_slow, f"{_home(invited)}/help")
    sources, each = ["127.0.0.2", *addresses(20)], ADDRESS_MAX // 2
    return len(sources) * each, through(play(service.url, sources, each, play_, HOLD_S))


def stalled_uploads(service: Service, invited: Invited) -> tuple[int, int]:
    """Of one token, which may have TOKEN_UPLOADS_MAX at once. Each would wait in memory: growth beyond what
    those few take counts as through, too."""
    head = _upload(invited, invited["tokens"]["webcam"])
    before = meters.peaks(service.pid)
    held = through(play(service.url, ["127.0.0.2"], UPLOADS, partial(_stalled, head), JUDGED_S))
    after = meters.peaks(service.pid)
    grown = sum(after[one] - before[one] for one in before.keys() & after.keys())  # none started meanwhile
    print(f"          memory grew by {grown / 1e6:.0f} MB", flush=True)
    return UPLOADS, max(0, held - TOKEN_UPLOADS_MAX) + (grown > GROWTH_BYTES_MAX)


def wrong_tokens(service: Service, invited: Invited) -> tuple[int, int]:
    """An altered token, an invitation for one, and none that anybody made."""
    token = invited["tokens"]["webcam"]
    wrong = ("B" + token[1:], _home(invited).rpartition("/")[2], "a.b.c")
    each = 100
    wires = [
        wire
        for one in wrong
        for wire in play(service.url, ["127.0.0.2"], each, partial(_stalled, _upload(invited, one)), JUDGED_S)
    ]
    return len(wires), through(wires)


def dropped_uploads(service: Service, invited: Invited) -> tuple[int, int]:
    """Each may be one line in the log; a traceback counts as through."""
    head, rounds, each = _upload(invited, invited["tokens"]["webcam"]), 10, 10
    before = len(service.log.read_text())
    for _ in range(rounds):
        play(service.url, ["127.0.0.2"], each, partial(_left, head), 0.2)
    return rounds * each, len(re.findall("Traceback", service.log.read_text()[before:]))


ATTACKS = [
    *beside_streams("unfinished multipart forms with a file in them", unfinished_multipart),
    *beside_streams("bodies of forms, a byte each half second", slow_bodies),
    *beside_streams("150 stalled uploads of one token", stalled_uploads),
    *beside_streams("300 uploads with wrong tokens", wrong_tokens),
    *beside_streams("100 uploads that are dropped half way", dropped_uploads),
]
