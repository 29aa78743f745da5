"""The figures of capture, of one process and of several behind a front."""

import asyncio
from pathlib import Path

import httpx2
import pytest
from prometheus_client import REGISTRY, CollectorRegistry, Counter, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from capture.figures import CaptureFigures
from capture.front import load
from capture.front.placement import Placements
from capture.front.process import CaptureProcess, CaptureProcesses
from capture.identity_recorder import MemoryIdentityRecorder
from capture.publish.ingests import Ingests
from capture.publish.rehearsal import ForgetfulRecorder
from capture.spool.spool import Spool
from proctoring.compose.front_figures import figures_of, labelled
from proctoring.web.application import application
from tests.support.world import World


def samples(text: str) -> dict[str, float]:
    """Every sample by its name and labels; fails on what Prometheus would not read."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for one in family.samples:
            name = one.name + "".join(f" {label}={value}" for label, value in sorted(one.labels.items()))
            assert name not in found, name
            found[name] = one.value
    return found


@pytest.fixture
def ingests(world: World) -> Ingests:
    return Ingests(ForgetfulRecorder(world.core), addresses=["127.0.0.1"])


def test_a_process_tells_what_it_publishes_refuses_and_drops(ingests: Ingests, tmp_path: Path) -> None:
    """From its start to its end; registries that share a port count its datagrams once."""
    rehearsals = Ingests(ingests._recorder, rounds=ingests.rounds)
    spool = Spool(tmp_path / "spool")
    figures = CaptureFigures({"recording": ingests, "rehearsal": rehearsals}, spool)
    asyncio.run(figures.start())
    ingests.counters["refused-full"] = 2
    rehearsals.counters["refused-full"] = 1
    ingests.rounds.port.dropped["stranger"] = 5
    spool.counters["spooled"] = 7
    found = samples(generate_latest(REGISTRY).decode())
    assert found["capture_ingests kind=recording"] == 0
    assert found["capture_sessions kind=rehearsal"] == 0
    assert found["capture_ingest_events_total event=refused-full"] == 3
    assert found["capture_datagrams_dropped_total reason=stranger"] == 5
    assert found["capture_spool_events_total event=spooled"] == 7
    assert found["capture_spool_segments"] == 0
    asyncio.run(figures.close())
    assert "capture_ingests" not in generate_latest(REGISTRY).decode()


def test_processes_are_told_together() -> None:
    """Each family once, each sample with its process; counters stay counters."""
    texts = {}
    for name, count in (("front", 1), ("0", 20), ("1", 300)):
        registry = CollectorRegistry()
        Counter("http_refusals", "Refused.", ["status"], registry=registry).labels("401").inc(count)
        texts[name] = generate_latest(registry).decode()
    together = labelled(texts).decode()
    found = samples(together)
    assert {name: value for name, value in found.items() if "created" not in name} == {
        "http_refusals_total process=front status=401": 1,
        "http_refusals_total process=0 status=401": 20,
        "http_refusals_total process=1 status=401": 300,
    }
    assert together.count("# TYPE http_refusals_total counter") == 1


def test_the_front_asks_each_process_itself(world: World, ingests: Ingests, tmp_path: Path) -> None:
    """At an address that it hands to nobody; one that is away tells nothing, and costs the others nothing."""
    app = application(world.core.settings)
    app.include_router(load.routes([ingests], Spool(tmp_path / "spool"), MemoryIdentityRecorder()))
    here, away = (CaptureProcess(number, [], Path("none"), Placements(lambda: 0.0)) for number in (0, 1))
    here.transport = httpx2.ASGITransport(app)  # type: ignore[assignment]
    assert "http_refusals" in asyncio.run(figures_of(here))
    assert asyncio.run(figures_of(away)) == ""
    assert load.FIGURES_PATH in load.PATHS


def test_the_front_knows_what_each_process_has_accepted(
    world: World, ingests: Ingests, tmp_path: Path
) -> None:
    """So that a status counts what waits in a spool; of a process that is away nothing is known."""
    at = world.clock()
    app = application(world.core.settings)
    app.include_router(
        load.routes([ingests], Spool(tmp_path / "spool"), MemoryIdentityRecorder(accepted={"take-1": at}))
    )
    here, away = (CaptureProcess(number, [], Path("none"), Placements(lambda: 0.0)) for number in (0, 1))
    here.transport = httpx2.ASGITransport(app)  # type: ignore[assignment]
    here.last = load.Report.model_validate_json(asyncio.run(here.get(load.PATH)).content)
    assert CaptureProcesses([here, away]).accepted_until() == {"take-1": at}
