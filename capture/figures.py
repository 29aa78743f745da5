"""Figures of a capture process in `/metrics`: publishers, and what was refused, dropped, spooled, lost."""

from collections import Counter
from collections.abc import Iterator, Mapping

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from capture.publish.ingests import Ingests
from capture.spool.spool import Spool


class CaptureFigures(Collector):
    """Told from `start` to `close`. No label holds an id. `registries` by what their publishers do."""

    def __init__(self, registries: Mapping[str, Ingests], spool: Spool) -> None:
        self._registries = registries
        self._spool = spool

    async def start(self) -> None:
        REGISTRY.register(self)

    async def close(self) -> None:
        REGISTRY.unregister(self)

    def describe(self) -> list[Metric]:
        """Nothing: names are reported with their values."""
        return []

    def collect(self) -> Iterator[Metric]:
        """For `/metrics`."""
        streams = GaugeMetricFamily("capture_ingests", "Streams that are published here.", labels=["kind"])
        sessions = GaugeMetricFamily("capture_sessions", "Sessions that they are of.", labels=["kind"])
        events: Counter[str] = Counter()
        for kind, ingests in self._registries.items():
            streams.add_metric([kind], len(ingests))
            sessions.add_metric([kind], len(ingests.streams()))
            events += ingests.counters
        yield from (streams, sessions)
        yield _counted("capture_ingest_events", "Publishes, and what went wrong with them.", "event", events)
        ports = {ingests.rounds.port for ingests in self._registries.values()}
        dropped = sum((port.dropped for port in ports), Counter[str]())
        yield _counted("capture_datagrams_dropped", "Datagrams that nobody was given.", "reason", dropped)
        spool = self._spool
        yield GaugeMetricFamily("capture_spool_segments", "Segments that wait to be stored.", len(spool))
        yield _counted("capture_spool_events", "Segments by what became of them.", "event", spool.counters)


def _counted(name: str, help_: str, label: str, counts: Mapping[str, int]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, help_, labels=[label])
    for what, count in sorted(counts.items()):
        family.add_metric([what], count)
    return family
