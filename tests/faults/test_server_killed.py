"""SIGKILL of the server while three streams record: what was stored survives, the session goes on."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from capture.cut.segmenter import SEGMENT_MS
from capture.simulate.candidate import SimulatedSession, simulate
from proctoring.clock import parse_instant, system_clock
from proctoring.exams.model import Stream
from tests.support.player import fetch_all
from tests.support.service import Service, wait_until

pytestmark = pytest.mark.live

KEYFRAME_MS_MAX = 2500
"""How long past its target length a segment may wait for the keyframe that ends it."""


def publish(service: Service, invited: dict[str, Any], seconds: float) -> "asyncio.Task[Any]":
    """Three simulated streams of the invited session, in the background."""
    tokens = {Stream(name): token for name, token in invited["tokens"].items()}
    session = SimulatedSession(tokens, invited["whip_url"])
    return asyncio.ensure_future(simulate(service.url, [session], seconds))


def segments(service: Service, session_id: str) -> dict[str, int]:
    shown = service.run("session", "show", session_id)
    return {stream["stream"]: stream["segments"] for stream in shown["streams"]}


@pytest.mark.promise("P13")
def test_a_killed_server_loses_at_most_the_open_segment(tmp_path: Path) -> None:
    """Everything stored before the kill plays afterwards, the session continues as a new take of each stream,
    and the gap between says that the server was the reason."""
    service = Service(tmp_path / "data").start()
    invited = service.invite()
    session_id = invited["session_id"]

    async def kill_while_recording() -> int:
        publishing = publish(service, invited, 60)
        stored = lambda: min(segments(service, session_id).values(), default=0) >= 2  # noqa: E731
        await asyncio.to_thread(wait_until, stored, 60, "nothing was stored")
        service.kill()
        killed_unix_ms = int(system_clock().timestamp() * 1000)
        publishing.cancel()
        await asyncio.gather(publishing, return_exceptions=True)
        return killed_unix_ms

    async def record_again() -> None:
        await publish(service, invited, 6)

    killed_unix_ms = asyncio.run(kill_while_recording())
    before = segments(service, session_id)
    service.start()
    try:
        asyncio.run(record_again())
        service.run("session", "finish", session_id)
        client = service.signed_in("M. Claes", "proctor")
        line = client.get(f"/sessions/{session_id}/timeline.json").json()
        started = parse_instant(line["session"]["started_at"])
        killed_ms = killed_unix_ms - int(started.timestamp() * 1000)
        for stream in line["streams"]:
            first, second = stream["takes"]
            assert first["end_cause"] == "server-stopped"
            assert killed_ms - first["end_ms"] <= SEGMENT_MS + KEYFRAME_MS_MAX
            # On a busy machine one stream may begin or stop seconds before another: gaps before and behind.
            gaps = [gap for gap in stream["gaps"] if first["end_ms"] <= gap["start_ms"] < second["end_ms"]]
            shown = [(gap["reason"], gap["start_ms"], gap["end_ms"]) for gap in gaps]
            assert shown == [("server", first["end_ms"], second["start_ms"])]
            # What was accepted and not yet committed at the kill comes on top of what was seen before.
            assert sum(s["take"] == 1 for s in stream["segments"]) >= before[stream["stream"]]
            assert [s["n"] for s in stream["segments"]] == list(range(len(stream["segments"])))
        fetch_all(client, session_id, line)
        assert service.run("ledger", "verify")["ok"]
    finally:
        service.stop()
