"""Two capture processes behind one front, both real: placement, admission, and the death of one."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from capture.cut.segmenter import SEGMENT_MS
from capture.simulate.candidate import SimulatedSession, Summary, simulate
from proctoring.clock import system_clock
from proctoring.db import Database
from proctoring.exams.model import Stream
from proctoring.recordings.model import EndCause, GapReason
from proctoring.recordings.rows import TakeRow
from proctoring.recordings.timeline import StreamTimeline, timeline
from proctoring.sessions.service import session_row
from tests.support.service import Service, wait_until

STREAMS_MAX = 2
SMALL = f"""
from capture.front import placement
placement.STREAMS_MAX = {STREAMS_MAX}
from proctoring.cli import main
main()
"""
"""The command, with a front that finds a process full much sooner."""
KEYFRAME_MS_MAX = 2500
"""How long past its target length a segment may wait for the keyframe that ends it."""
STORED_S_MAX = 60
RESTARTED_S_MAX = 120


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    command = [sys.executable, "-c", SMALL, "capture", "--processes", "2"]
    made = Service(tmp_path / "data", command=command)
    made.run("init")
    try:
        yield made.start()
    finally:
        made.stop()


def publish(service: Service, invited: dict[str, Any], seconds: float) -> "asyncio.Task[Summary]":
    session = SimulatedSession({Stream(name): token for name, token in invited["tokens"].items()})
    return asyncio.ensure_future(simulate(service.url, [session], seconds))


def offer(service: Service, invited: dict[str, Any], sdp: str = "none") -> httpx2.Response:
    headers = {"Authorization": f"Bearer {invited['tokens']['webcam']}", "Content-Type": "application/sdp"}
    return httpx2.post(f"{service.url}/whip", content=sdp, headers=headers, timeout=30)


def figures(service: Service, name: str) -> dict[int, float]:
    """A metric of each process."""
    text = httpx2.get(f"{service.url}/metrics", timeout=30).text
    found = re.findall(rf'^{name}{{process="(\d)"}} (\S+)$', text, re.MULTILINE)
    return {int(process): float(value) for process, value in found}


def pid_of(service: Service, number: int) -> int:
    """As the front has told it last. Lines of several processes may run together in the log."""
    told = re.findall(r'\{[^{}]*"capture-process\.started"[^{}]*\}', service.log.read_text())
    started = [json.loads(one) for one in told]
    pid: int = [one["pid"] for one in started if one["process"] == number][-1]
    return pid


class Records:
    """What is in the service's database."""

    def __init__(self, service: Service) -> None:
        self._db = Database(f"sqlite:///{service.data / 'proctoring.db'}")

    def streams(self, session_id: str) -> tuple[StreamTimeline, ...]:
        with self._db.read() as db:
            return timeline(db, session_id).streams

    def started_unix_ms(self, session_id: str) -> int:
        with self._db.read() as db:
            started = session_row(db, session_id).started_at
        assert started is not None
        return int(started.timestamp() * 1000)

    def spools(self, session_id: str, take: int = 1) -> set[str | None]:
        """Through which spools the streams' takes of that number came."""
        with self._db.read() as db:
            return {row.spool_id for row in db.query(TakeRow).filter_by(session_id=session_id, number=take)}

    def wait_stored(self, invited: dict[str, Any], streams: int) -> None:
        """Until each stream has two segments."""

        def stored() -> bool:
            lines = self.streams(invited["session_id"])
            return len([one for one in lines if len(one.segments) >= 2]) == streams

        wait_until(stored, STORED_S_MAX, "nothing was stored")

    def close(self) -> None:
        self._db.close()


@pytest.mark.live
@pytest.mark.promise("P13")
def test_a_killed_process_costs_its_own_sessions_a_moment_and_the_others_nothing(service: Service) -> None:
    """Two sessions are recorded by two processes, each with all of its streams. With both full, a new one is
    told to come again. SIGKILL of one: its session goes on at once in the other, in a new take of each stream
    behind a gap of the server's; the other session has none, and the process is started again."""
    killed = service.invite("--streams", "webcam,screen")
    lives, third, refused = (service.invite("--streams", "webcam") for _ in range(3))
    records = Records(service)

    def both_are_full() -> None:
        assert figures(service, "capture_streams") == {0: 2, 1: 1}
        # An offer that nobody understands, where there is room; the session's streams may come any moment.
        assert offer(service, third).status_code == 400
        answer = offer(service, refused)
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        assert answer.headers["content-type"] == "application/problem+json"

    async def scenario() -> int:
        first = publish(service, killed, 90)
        await asyncio.to_thread(records.wait_stored, killed, 2)
        second = publish(service, lives, 40)
        await asyncio.to_thread(records.wait_stored, lives, 1)
        await asyncio.to_thread(both_are_full)
        os.kill(pid_of(service, 0), signal.SIGKILL)
        killed_unix_ms = int(system_clock().timestamp() * 1000)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        again = await publish(service, killed, 8)
        assert again.failures == ()
        assert (await second).failures == ()
        return killed_unix_ms

    killed_unix_ms = asyncio.run(scenario())
    up = lambda: figures(service, "capture_process_up") == {0: 1, 1: 1}  # noqa: E731
    wait_until(up, RESTARTED_S_MAX, "the process is not started again")
    assert figures(service, "capture_process_restarts_total") == {0: 1, 1: 0}
    for session in (killed, lives):
        service.run("session", "finish", session["session_id"])

    home, other = records.spools(killed["session_id"]), records.spools(lives["session_id"])
    assert (len(home), len(other), home & other) == (1, 1, set())
    assert records.spools(killed["session_id"], take=2) == other
    killed_ms = killed_unix_ms - records.started_unix_ms(killed["session_id"])
    for stream in records.streams(killed["session_id"]):
        before, after = stream.takes
        assert before.end_cause is EndCause.SERVER_STOPPED
        assert killed_ms - before.end_ms <= SEGMENT_MS + KEYFRAME_MS_MAX
        (gap,) = [one for one in stream.gaps if one.start_ms < after.end_ms]
        assert (gap.reason, gap.start_ms, gap.end_ms) == (GapReason.SERVER, before.end_ms, after.start_ms)
    (untouched,) = records.streams(lives["session_id"])
    assert (len(untouched.takes), untouched.gaps) == (1, ())
    assert service.run("ledger", "verify")["ok"]
    records.close()
