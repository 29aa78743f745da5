"""All ingests of this process: one per session and stream, bounded in number, watched by one task."""

import asyncio
import contextlib
import secrets
from collections import Counter
from collections.abc import Sequence
from weakref import WeakValueDictionary

import structlog

from capture.clock.deviceclock import DeviceClock
from capture.clock.servertime import ServerTime
from capture.cut.segmenter import SEGMENT_MS
from capture.cut.waiting import Waiting
from capture.errors import IngestsFull, OtherPublishes
from capture.pace import Pace
from capture.publish.ice import IceServer, own_addresses
from capture.publish.ingest import Ingest, Patience
from capture.publish.same_stream import Asker
from capture.publish.sdp import parse_offer
from capture.receive.port import MediaPort
from capture.receive.rounds import Rounds
from capture.recorder import Grant, Recorder
from proctoring.clock import Clock, system_clock
from proctoring.errors import TokenRefused, Unavailable
from proctoring.exams.model import Stream
from proctoring.recordings.model import EndCause
from proctoring.recordings.pace import TAKES_AT_ONCE, TAKES_WINDOW

log = structlog.get_logger()

INGESTS_MAX = 256
WATCH_S = 0.5
POLL_ENDED_S = 2.0
ID_BYTES = 18


class Ingests:
    """The registry of the WHIP endpoint.

    `addresses` are those to receive media on; without it, this machine's own and loopback. All media comes to
    the UDP port `media_port`; 0 lets the system choose one at the start. Alternatively `rounds` is another
    registry's, and this one shares its port: started after it, closed before it. `counters` counts events by
    name, for metrics.
    """

    def __init__(
        self,
        recorder: Recorder,
        *,
        ice_servers: Sequence[IceServer] = (),
        addresses: Sequence[str] | None = None,
        media_port: int = 0,
        rounds: Rounds | None = None,
        clock: Clock = system_clock,
        ingests_max: int = INGESTS_MAX,
        patience: Patience = Patience(),  # noqa: B008 - frozen
    ) -> None:
        self.ice_servers = tuple(ice_servers)
        self.counters: Counter[str] = Counter()
        self._recorder = recorder
        self._shares_port = rounds is not None
        own = own_addresses() if addresses is None else addresses
        self._time = ServerTime(clock)
        self.rounds = rounds or Rounds(MediaPort(tuple(own), media_port, self._time.now_ms))
        self._max = ingests_max
        # Not faster than takes may begin: what is replaced before its take began still has to be ended.
        self._pace = Pace(TAKES_AT_ONCE, TAKES_WINDOW.total_seconds() / TAKES_AT_ONCE)
        self._patience = patience
        self._waiting = Waiting()
        self._by_id: dict[str, Ingest] = {}
        self._by_grant: dict[Grant, Ingest] = {}
        self._devices: WeakValueDictionary[tuple[str, bool], DeviceClock] = WeakValueDictionary()
        self._forgetting: set[asyncio.Task[None]] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = False

    def __len__(self) -> int:
        return len(self._by_id)

    def streams(self) -> Counter[str]:
        """How many there are of each session, by its id."""
        return Counter(ingest.grant.session_id for ingest in self._by_id.values())

    @property
    def waiting_bytes(self) -> int:
        """What was cut and is in memory only, since the recorder has not accepted it."""
        return self._waiting.bytes

    @property
    def datagrams_lost(self) -> int:
        """Those of publishers for which the system had no room."""
        return self.rounds.port.lost

    @property
    def sounds_lost(self) -> int:
        """Packets of sound that did not come, of all ingests since the start."""
        return self.counters["sounds-lost"] + sum(one.sounds_lost for one in self._by_id.values())

    async def start(self) -> None:
        """Begins to listen and to watch. Call once, on the loop that serves. Raises PortTaken."""
        self._closing = False
        if not self._shares_port:
            self.rounds.start()
        self._tasks = [asyncio.ensure_future(self._watch()), asyncio.ensure_future(self._poll_ended())]

    async def close(self, cause: EndCause = EndCause.SERVER_STOPPED) -> None:
        """Ends every ingest, storing what is whole, and stops watching."""
        self._closing = True
        await asyncio.gather(*(ingest.finish(cause) for ingest in list(self._by_id.values())))
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._tasks = []
        if not self._shares_port:
            self.rounds.stop()

    @property
    def media_port(self) -> int:
        """The UDP port, once started."""
        return self.rounds.port.number

    async def publish(self, token: str, sdp: str, asker: Asker = Asker()) -> tuple[Ingest, str]:  # noqa: B008
        """A new ingest and its SDP answer; it takes the place of an earlier one of the same stream.

        Raises what `Recorder.admit` raises, OfferGarbled, OfferRefused, OtherPublishes where the earlier one
        makes no room, TooMany, and IngestsFull.
        """
        grant = await self._recorder.admit(token)
        offer = parse_offer(sdp)
        if (running := self._by_grant.get(grant)) is not None and not running.makes_room(asker):
            self.counters["refused-other"] += 1
            raise OtherPublishes("Another page records this stream.", "Choose which of the two goes on.")
        self._pace.demand_turn(grant)
        if self._closing or (grant not in self._by_grant and len(self._by_id) >= self._max):
            self.counters["refused-full"] += 1
            raise IngestsFull("This server records as many streams as it can.", "Try again in a few seconds.")
        if not self._by_id:
            self._time.follow()
        ingest = Ingest(
            secrets.token_urlsafe(ID_BYTES),
            token,
            grant,
            offer,
            self._recorder,
            asker=asker,
            rounds=self.rounds,
            device=self._device(grant),
            now_ms=self._time.now_ms,
            # Publishers that begin together would otherwise be cut, and stored, all at the same moment.
            first_target_ms=SEGMENT_MS // 2 + secrets.randbelow(SEGMENT_MS // 2),
            patience=self._patience,
            waiting=self._waiting,
        )
        self._by_id[ingest.id] = ingest
        self._forget_when_ended(ingest)
        answer = await ingest.answer()
        # Only now: an offer that cannot be answered must not end the take that is running.
        if (earlier := self._by_grant.get(grant)) is not None:
            ingest.follow(earlier)
        self._by_grant[grant] = ingest
        self.counters["published"] += 1
        log.info("ingest.opened", ingest=ingest.id, session=grant.session_id, stream=grant.stream.value)
        return ingest, answer

    async def recognise(self, token: str) -> Grant:
        """What the token allows. Raises TokenRefused."""
        return await self._recorder.recognise(token)

    def find(self, ingest_id: str, token: str) -> Ingest | None:
        """The ingest of that id, or None. Raises TokenRefused when it is another token's."""
        ingest = self._by_id.get(ingest_id)
        if ingest is not None and not ingest.is_for(token):
            raise TokenRefused("This token did not open this ingest.", "Send the token of the POST that did.")
        return ingest

    def _device(self, grant: Grant) -> DeviceClock:
        """The clock of the device that films this stream: the phone's own, else the computer's."""
        key = (grant.session_id, grant.stream is Stream.PHONE)
        device = self._devices.get(key) or DeviceClock()
        self._devices[key] = device
        return device

    def _forget_when_ended(self, ingest: Ingest) -> None:
        async def forget() -> None:
            await ingest.ended.wait()
            self._by_id.pop(ingest.id, None)
            if self._by_grant.get(ingest.grant) is ingest:
                del self._by_grant[ingest.grant]
            self.counters["failures"] += ingest.failures
            self.counters["not-storable"] += ingest.unstorable
            self.counters["sender-clock-steps"] += ingest.clock_steps
            self.counters["sounds-lost"] += ingest.sounds_lost

        task = asyncio.ensure_future(forget())
        self._forgetting.add(task)
        task.add_done_callback(self._forgetting.discard)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_S)
            if (step_ms := self._time.step_ms()) is not None:
                self.counters["server-clock-steps"] += 1
                log.warning("clock.set", by_ms=step_ms, recording=len(self._by_id))
            for ingest in list(self._by_id.values()):
                try:
                    ingest.watch()
                except Exception:
                    self.counters["failures"] += 1
                    log.exception("ingest.watch-failed", ingest=ingest.id)

    async def _poll_ended(self) -> None:
        while True:
            await asyncio.sleep(POLL_ENDED_S)
            sessions = {ingest.grant.session_id for ingest in self._by_id.values()}
            if not sessions:
                continue
            try:
                over = await self._recorder.ended(sessions)
            except Unavailable as error:
                log.warning("ingest.poll-unavailable", detail=error.detail)
                continue
            except Exception:
                self.counters["failures"] += 1
                log.exception("ingest.poll-failed")
                continue
            for ingest in list(self._by_id.values()):
                if ingest.grant.session_id in over:
                    ingest.finish_soon(EndCause.SESSION_ENDED)
