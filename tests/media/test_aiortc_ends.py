"""Ways in which a publisher's take ends, and what stays of it."""

import asyncio
import os
from collections import Counter

import pytest
from aiortc.mediastreams import AudioStreamTrack

from capture.publish.ingest import Patience
from proctoring.exams.model import Stream
from proctoring.recordings.model import EndCause
from tests.bench import meters
from tests.media.aiortc_publisher import Publisher
from tests.media.site import TIMEOUT_S, Site, running_site

pytestmark = pytest.mark.live


async def takes_are(site: Site, number: int) -> None:
    """Waits for this many takes of the webcam."""
    await site.until(lambda: len(site.takes(Stream.WEBCAM)) == number)


def patient(site: Site, silent_s: float, connect_s: float = 30.0) -> None:
    site.ingests._patience = Patience(connect_s=connect_s, silent_s=silent_s)


def test_a_connection_that_falls_silent_is_lost() -> None:
    """Without a packet for `silent_s` the take ends with what was whole; another ingest goes on."""

    async def scenario() -> None:
        async with running_site() as site:
            patient(site, silent_s=1.0)
            lost, other = Publisher(site, "webcam", "VP8"), Publisher(site, "phone", "VP8")
            await lost.publish()
            await other.publish()
            await site.until(lambda: len(site.recorder.takes) == 2)
            lost.vanish()
            await site.until(lambda: site.takes(Stream.WEBCAM)[0].cause)
            (take,) = site.takes(Stream.WEBCAM)
            assert take.cause is EndCause.CONNECTION_LOST
            assert take.segments
            await site.until(lambda: site.takes(Stream.PHONE)[0].segments)
            assert site.takes(Stream.PHONE)[0].cause is None
            await lost.connection.close()
            await other.connection.close()

    asyncio.run(scenario())


def test_a_finished_session_ends_its_ingests() -> None:
    """What was recorded until then is stored; the take says why it ended; the other session goes on."""

    async def scenario() -> None:
        async with running_site() as site:
            ours, other = Publisher(site, "webcam", "VP8"), Publisher(site, "other", "VP8")
            await ours.publish()
            await other.publish()
            await site.until(lambda: len(site.recorder.takes) == 2)
            site.recorder.over.add("session-1")
            await site.until(lambda: any(take.cause for take in site.recorder.takes.values()))
            ended = [take for take in site.recorder.takes.values() if take.cause]
            assert [(take.grant.session_id, take.cause) for take in ended] == [
                ("session-1", EndCause.SESSION_ENDED)
            ]
            assert ended[0].segments
            await ours.connection.close()
            await other.connection.close()

    asyncio.run(scenario())


def test_what_came_before_the_goodbye_is_recorded() -> None:
    """Also what came since the port was last read."""

    async def scenario() -> None:
        async with running_site() as site:
            publisher = Publisher(site, "webcam", "VP8")
            await publisher.publish()
            await site.until(lambda: any(take.segments for take in site.takes(Stream.WEBCAM)))
            (ingest,) = site.ingests._by_id.values()
            timer = site.ingests.rounds._timer
            assert timer is not None
            timer.cancel()

            async def sent() -> int:
                stats = await publisher.connection.getStats()
                return sum(one.packetsSent for one in stats.values() if one.type == "outbound-rtp")

            before = await sent()
            while await sent() < before + 3:  # noqa: ASYNC110 - the library offers no event
                await asyncio.sleep(0.01)
            unread = await sent() - ingest._peer.packets
            await ingest.finish(EndCause.STOPPED)
            assert unread > 0
            assert ingest._peer.packets >= before + 3
            await publisher.connection.close()

    asyncio.run(scenario())


def test_a_publisher_that_left_leaves_nothing() -> None:
    """No task, no open file, no state at the port, however often one comes."""

    def held() -> Counter[str]:
        return Counter(tasks=len(asyncio.all_tasks()), files=meters.open_files(os.getpid()))

    async def scenario() -> None:
        async with running_site() as site:
            rounds = site.ingests.rounds
            most: Counter[str] = Counter()
            for number in (1, 2, 3):
                publisher = Publisher(site, "webcam", "VP8", AudioStreamTrack())
                await publisher.publish()
                await takes_are(site, number)
                await site.until(lambda: site.takes(Stream.WEBCAM)[-1].segments)
                (ingest,) = site.ingests._by_id.values()
                await ingest.finish(EndCause.STOPPED)
                await publisher.connection.close()
                async with asyncio.timeout(TIMEOUT_S):
                    while (most and not held() <= most) or len(site.ingests):  # noqa: ASYNC110 - nothing tells of a task's end
                        await asyncio.sleep(0.01)
                most = most or held()
                assert not rounds._slot_of
                assert not rounds.port._guests
                assert not rounds.port._routes

    asyncio.run(scenario())


def test_a_publisher_that_closes_without_a_goodbye() -> None:
    """A DTLS close without DELETE is put down to the connection, and the last pictures are kept."""

    async def scenario() -> None:
        async with running_site() as site:
            publisher = Publisher(site, "screen", "VP8")
            await publisher.publish()
            await site.until(lambda: site.recorder.takes)
            await publisher.connection.close()
            await site.until(lambda: site.takes(Stream.SCREEN)[0].cause)
            (take,) = site.takes(Stream.SCREEN)
            assert take.cause is EndCause.CONNECTION_LOST
            assert take.segments

    asyncio.run(scenario())


def test_a_peer_that_never_connects_is_forgotten() -> None:
    """An offer without a publisher behind it holds its place for `connect_s` only."""

    async def scenario() -> None:
        async with running_site() as site:
            patient(site, silent_s=10.0, connect_s=0.5)
            publisher = Publisher(site, "webcam", "VP8")
            await publisher.connection.setLocalDescription(await publisher.connection.createOffer())
            ingest, _ = await site.ingests.publish("webcam", publisher.connection.localDescription.sdp)
            await asyncio.wait_for(ingest.ended.wait(), TIMEOUT_S)
            assert site.recorder.takes == {}
            await publisher.connection.close()

    asyncio.run(scenario())
