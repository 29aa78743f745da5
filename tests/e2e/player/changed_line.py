"""The time line that the server tells, changed for a test on its way to the page."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, Route

from proctoring.exams.model import Stream


def change(page: Page, stream: Stream, by: Callable[[dict[str, Any]], None]) -> None:
    """What the page is told of a stream from now on."""

    def answer(route: Route) -> None:
        line = route.fetch().json()
        by(next(one for one in line["streams"] if one["stream"] == stream))
        route.fulfill(json=line)

    page.route("**/timeline.json?*", answer)


def foreign(told: dict[str, Any]) -> None:
    """Its second piece is of a kind that no browser knows."""
    told["takes"].append({**told["takes"][0], "number": 9, "media_type": 'video/mp4; codecs="xyz"'})
    told["runs"] = [piece for run in told["runs"] for piece in _apart(run)]
    told["runs"][1]["take"] = 9


def _apart(run: dict[str, Any]) -> list[dict[str, Any]]:
    """The same pieces, each a run by itself."""
    return [
        {
            **run,
            "n": run["n"] + place,
            "start_ms": run["start_ms"] + sum(run["durations_ms"][:place]),
            "durations_ms": [duration_ms],
            "bytes": [run["bytes"][place]],
        }
        for place, duration_ms in enumerate(run["durations_ms"])
    ]
