"""A real Chromium over a bad network: what its packets bring to our socket is recorded in spite of it.

The network is bad at the port's entry: there the test sees every datagram that was sent, counts pictures by
their RTP timestamp, sounds by their sequence number, and then drops or delays it. What counts as sent is what
passed there until the senders were quiet, after the network was good again for SETTLE_S.
"""

import asyncio
import io
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

import av
import pytest
from playwright.async_api import Page

from capture.receive.delivery import Address
from capture.recorder import MemoryTake
from proctoring.exams.model import Stream
from proctoring.recordings.model import EndCause
from tests.media.decoded import Decoded
from tests.media.site import GOODBYE, PUBLISH, Site, chromium_page, running_site
from tests.support.media_port import stand_before

pytestmark = pytest.mark.live

BAD_S = 20.0
SETTLE_S = 2.0
QUIET_S = 0.5
AUDIO_TAIL_PACKETS = 6  # sound after the last picture is not kept
QUIET = """async () => {
  for (const {pc} of Object.values(window.pcs)) {
    for (const sender of pc.getSenders()) await sender.replaceTrack(null);
  }
}"""
BLACKOUT_S, BLACKOUT_EVERY_S = 0.5, 4.0
JITTER_S = 0.2


class Trouble(TypedDict, total=False):
    """What of a `Network` is bad."""

    lose: Callable[[], bool]
    delay: Callable[[], float]


@dataclass
class Network:
    """Stands before the port. `lose` decides for each datagram; `delay` gives seconds to hold it back."""

    site: Site
    lose: Callable[[], bool] = lambda: False
    delay: Callable[[], float] | None = None
    pictures: dict[Address, set[int]] = field(default_factory=dict)
    sounds: dict[Address, set[int]] = field(default_factory=dict)
    sounds_lost: int = 0
    dropped: int = 0
    passed: int = 0

    def __post_init__(self) -> None:
        self.port = self.site.ingests.rounds.port
        self.accept = stand_before(self.port, self.entry)

    def entry(self, begin: int, length: int, source: Address, fileno: int, at: tuple[float, int]) -> None:
        data = bytes(self.port.buffer[begin : begin + length])
        media = 127 < data[0] < 192 and not 191 < data[1] < 224
        sound = media and data[1] & 127 in self.payloads("audio")
        lost = self.lose()
        if media:
            self.count(data, source, sound, lost)
        if lost:
            self.dropped += 1
            return
        self.passed += 1
        if self.delay is None:
            self.accept(begin, length, source, fileno, at)
        else:
            asyncio.get_running_loop().call_later(self.delay(), self.later, data, source, fileno)

    def later(self, data: bytes, source: Address, fileno: int) -> None:
        self.port.buffer[: len(data)] = data
        self.accept(0, len(data), source, fileno, self.port.now())

    def count(self, data: bytes, source: Address, sound: bool, lost: bool) -> None:
        if sound:
            self.sounds.setdefault(source, set()).add(int.from_bytes(data[2:4], "big"))
            self.sounds_lost += lost
        elif data[1] & 127 in self.payloads("video"):
            self.pictures.setdefault(source, set()).add(int.from_bytes(data[4:8], "big"))

    def payloads(self, kind: str) -> set[int]:
        """The payload types of "audio" or "video" that were negotiated."""
        return {getattr(ingest.offer, f"{kind}_payload") for ingest in self.site.ingests._by_id.values()}

    @property
    def pictures_sent(self) -> int:
        return sum(map(len, self.pictures.values()))

    @property
    def sounds_sent(self) -> int:
        return sum(map(len, self.sounds.values()))


async def publish_through(
    site: Site, page: Page, network: Network, codec: str, bad: Trouble
) -> list[MemoryTake]:
    """Webcam with sound and a canvas; good, bad for BAD_S, good again; the takes."""
    for token, source, rate in (("webcam", "webcam", 15), ("phone", "clock", 30)):
        await page.evaluate(PUBLISH, {"source": source, "codec": codec, "token": token, "rate": rate})
    await site.until(lambda: len(site.recorder.takes) == 2)
    network.lose = bad.get("lose", network.lose)
    network.delay = bad.get("delay")
    await asyncio.sleep(BAD_S)
    network.lose, network.delay = (lambda: False), None
    await asyncio.sleep(SETTLE_S)
    await page.evaluate(QUIET)
    await asyncio.sleep(QUIET_S)
    for token in ("webcam", "phone"):
        assert await page.evaluate(GOODBYE, {"token": token, "cause": "stopped"}) == 200
    takes = list(site.recorder.takes.values())
    assert [take.cause for take in takes] == [EndCause.STOPPED, EndCause.STOPPED]
    return takes


def stored(takes: list[MemoryTake]) -> tuple[int, int]:
    """Pictures and sounds in all segments, each of which decodes without an error."""
    pictures = sounds = 0
    for take in takes:
        for segment in take.segments:
            assert Decoded(segment).errors == 0
            with av.open(io.BytesIO(segment.data), "r") as container:
                for packet in container.demux():
                    if packet.size:
                        pictures += packet.stream.type == "video"
                        sounds += packet.stream.type == "audio"
    return pictures, sounds


def run(tmp_path: Path, codec: str, bad: Callable[[], Trouble]) -> tuple[Network, list[MemoryTake]]:
    async def scenario() -> tuple[Network, list[MemoryTake]]:
        async with running_site() as site, chromium_page(site, tmp_path) as page:
            network = Network(site)
            return network, await publish_through(site, page, network, codec, bad())

    return asyncio.run(scenario())


@pytest.mark.parametrize(
    ("loss", "kept", "codec"), [(0.02, 0.999, "VP8"), (0.10, 0.99, "VP8"), (0.10, 0.99, "H264")]
)
def test_random_loss_costs_no_pictures(tmp_path: Path, loss: float, kept: float, codec: str) -> None:
    """Of all datagrams a share is lost at random, requests' answers included; of sounds only those are."""
    chance = random.Random(loss)
    network, takes = run(tmp_path, codec, lambda: {"lose": lambda: chance.random() < loss})
    assert network.dropped > network.passed * loss / 2
    pictures, sounds = stored(takes)
    print(f"{codec}, {loss:.0%} lost: {pictures} of {network.pictures_sent} pictures, {sounds} of "
          f"{network.sounds_sent} sounds, {network.sounds_lost} of them lost")  # fmt: skip
    assert pictures >= kept * network.pictures_sent
    assert sounds >= network.sounds_sent * 0.999 - network.sounds_lost - AUDIO_TAIL_PACKETS


@pytest.mark.parametrize(("trouble", "codec"), [("blackouts", "H264"), ("jitter", "VP8")])
def test_blackouts_and_jitter_break_no_segment(tmp_path: Path, trouble: str, codec: str) -> None:
    """Half a second without a network every four, or each packet late by up to 200 ms: all of it decodes, the
    take goes on, and of the pictures few are missing."""

    def bad() -> Trouble:
        now = asyncio.get_running_loop().time
        if trouble == "blackouts":
            return {"lose": lambda: now() % BLACKOUT_EVERY_S < BLACKOUT_S}
        return {"delay": lambda: random.uniform(0, JITTER_S)}

    network, takes = run(tmp_path, codec, bad)
    pictures, _ = stored(takes)
    print(f"{codec}, {trouble}: {pictures} of {network.pictures_sent} pictures")
    assert {take.grant.stream for take in takes} == {Stream.WEBCAM, Stream.PHONE}
    assert pictures >= 0.9 * network.pictures_sent
