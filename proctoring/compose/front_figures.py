"""The figures of every capture process of a front, in one exposition: each sample names its process."""

from collections.abc import Mapping

import httpx2
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from capture.front import load
from capture.front.process import CaptureProcess

LABEL = "process"


async def figures_of(one: CaptureProcess) -> str:
    """What the process tells of itself; nothing while it does not answer."""
    try:
        answer = await one.get(load.FIGURES_PATH)
    except httpx2.HTTPError:
        return ""
    return answer.text if answer.is_success else ""


def labelled(told: Mapping[str, str]) -> bytes:
    """The expositions of processes by their names, as one: every family once, with LABEL on each sample."""
    families: dict[str, Metric] = {}
    for name, text in told.items():
        for family in text_string_to_metric_families(text):
            merged = families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
            for sample in family.samples:
                merged.samples.append(sample._replace(labels={**sample.labels, LABEL: name}))
    registry = CollectorRegistry()
    registry.register(_Told(list(families.values())))
    return generate_latest(registry)


class _Told(Collector):
    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> list[Metric]:
        return self._families
