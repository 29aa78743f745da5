"""The object store of a real service goes away while candidates record, with and without a SIGKILL."""

import asyncio
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx2
import pytest

from capture.spool.entry import SpooledSegment, decode, length
from tests.faults.test_server_killed import publish, segments
from tests.support.canary import canaries, holds_plaintext
from tests.support.player import fetch_all
from tests.support.service import Service, wait_until

pytestmark = pytest.mark.live

WAITS_S_MAX = 60


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    running = Service(tmp_path / "data").start()
    yield running
    running.stop()


def take_store_away(service: Service) -> None:
    """A file stands where the folder was: what an unmounted volume can look like, also to root."""
    objects = service.data / "objects"
    objects.rename(service.data / "objects.away")
    objects.write_text("not a folder")


def bring_store_back(service: Service) -> None:
    objects = service.data / "objects"
    objects.unlink()
    (service.data / "objects.away").rename(objects)


def spooled(service: Service) -> dict[str, set[int]]:
    """Numbers of the segments that wait, by take; nothing is looked at but what is on disk."""
    waiting: dict[str, set[int]] = {}
    for file in (service.data / "spool").glob("*.pes"):
        try:
            data = file.read_bytes()
        except FileNotFoundError:
            continue
        while size := length(data):
            facts, _ = decode(data[:size])
            if isinstance(facts, SpooledSegment):
                waiting.setdefault(facts.take, set()).add(facts.seq)
            data = data[size:]
    return waiting


def until_each_stream_waits(service: Service, count: int) -> None:
    def holds() -> bool:
        waiting = spooled(service)
        return len(waiting) == 3 and min(len(seqs) for seqs in waiting.values()) >= count

    wait_until(holds, WAITS_S_MAX, "the streams are not spooled")


def until_drained(service: Service) -> None:
    spool = service.data / "spool"
    wait_until(lambda: not list(spool.glob("*.pes")), WAITS_S_MAX, "the spool does not drain")


def time_line(service: Service, session_id: str) -> tuple[httpx2.Client, dict[str, Any]]:
    client = service.signed_in("M. Claes", "proctor")
    return client, client.get(f"/sessions/{session_id}/timeline.json").json()


@pytest.mark.promise("P13")
def test_recording_goes_on_while_the_store_is_away_and_nothing_shows_later(service: Service) -> None:
    """Three streams record across the outage: one take each, no gap, every segment in order and playing;
    meanwhile `/readyz` says that the store fails."""
    invited = service.invite()
    session_id = invited["session_id"]

    async def record() -> None:
        publishing = publish(service, invited, 24)
        stored = lambda: min(segments(service, session_id).values(), default=0) >= 1  # noqa: E731
        await asyncio.to_thread(wait_until, stored, WAITS_S_MAX, "nothing was stored")
        take_store_away(service)
        await asyncio.to_thread(until_each_stream_waits, service, 2)
        ready = await asyncio.to_thread(httpx2.get, f"{service.url}/readyz", timeout=30)
        assert (ready.status_code, ready.json()["checks"]["store"]) == (503, "failed")
        assert ready.json()["checks"]["spool"] == "ok"
        bring_store_back(service)
        summary = await publishing
        assert summary.failures == ()

    asyncio.run(record())
    until_drained(service)
    service.run("session", "finish", session_id)
    client, line = time_line(service, session_id)
    for stream in line["streams"]:
        (take,) = stream["takes"]
        assert stream["state"] == "retained"
        # On a busy machine one stream may stop a second before another: a gap behind its end.
        assert [gap for gap in stream["gaps"] if gap["start_ms"] < take["end_ms"]] == []
        placed = [(s["start_ms"], s["start_ms"] + s["duration_ms"]) for s in stream["segments"]]
        assert all(end == start for (_, end), (start, _) in pairwise(placed))
        assert [s["n"] for s in stream["segments"]] == list(range(len(placed)))
    fetch_all(client, session_id, line)
    assert service.run("ledger", "verify")["ok"]


@pytest.mark.promise("P13")
def test_a_server_killed_while_the_store_is_away_loses_nothing_it_had_accepted(service: Service) -> None:
    """Every segment that waited at the kill is in the manifest of its take after the store is back, in order
    and playing; the gap says that the server was the reason. No stretch of it was in the spool in clear."""
    invited = service.invite()
    session_id = invited["session_id"]

    async def kill_while_away() -> None:
        publishing = publish(service, invited, 90)
        stored = lambda: min(segments(service, session_id).values(), default=0) >= 1  # noqa: E731
        await asyncio.to_thread(wait_until, stored, WAITS_S_MAX, "nothing was stored")
        take_store_away(service)
        await asyncio.to_thread(until_each_stream_waits, service, 2)
        service.kill()
        publishing.cancel()
        await asyncio.gather(publishing, return_exceptions=True)

    asyncio.run(kill_while_away())
    committed, waiting = segments(service, session_id), spooled(service)
    in_spool = [file.read_bytes() for file in (service.data / "spool").iterdir()]
    service.start()  # the store is still away: it serves, and keeps what it has
    assert httpx2.get(f"{service.url}/readyz", timeout=30).status_code == 503
    assert spooled(service) == waiting
    bring_store_back(service)
    until_drained(service)

    async def record_again() -> None:
        await publish(service, invited, 6)

    asyncio.run(record_again())
    service.run("session", "finish", session_id)
    client, line = time_line(service, session_id)
    assert sum(len(seqs) for seqs in waiting.values()) >= 6
    recovered = 0
    for stream in line["streams"]:
        first, second = stream["takes"]
        assert first["end_cause"] == "server-stopped"
        gaps = [gap for gap in stream["gaps"] if gap["start_ms"] < second["end_ms"]]
        shown = [(gap["reason"], gap["start_ms"], gap["end_ms"]) for gap in gaps]
        assert shown == [("server", first["end_ms"], second["start_ms"])]
        mine = [s for s in stream["segments"] if s["take"] == 1]
        assert [s["n"] for s in mine] == list(range(len(mine)))
        assert all(a["start_ms"] < b["start_ms"] for a, b in pairwise(mine))
        recovered += len(mine) - committed[stream["stream"]]
    assert recovered == sum(len(seqs) for seqs in waiting.values())
    looked_for = canaries(fetch_all(client, session_id, line))
    assert not any(holds_plaintext(data, looked_for) for data in in_spool)
    assert service.run("ledger", "verify")["ok"]
