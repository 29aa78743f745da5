"""Paths, make targets, commands, routes and limits that the documents name are there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.routing import Route

from proctoring.cli import MODULES
from proctoring.compose.parts import assemble
from proctoring.compose.prepare import prepare
from proctoring.compose.whole import whole_app
from tests.support.asgi import routes
from tests.support.settings import plain_settings

ROOT = Path(__file__).parents[2]
WORDS_MAX = 900
DOCUMENTS = sorted(
    str(file.relative_to(ROOT))
    for file in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
    if file.name != "CHANGELOG.md"  # it tells of what was
)
ROOMS = "proctoring|capture|storage|review_ui|retention|tests|docs"
PATH = re.compile(rf"`((?:{ROOMS})/[\w./-]*)`")
NO_PATHS = {"proctoring/package"}  # a signed note's name
TARGET = re.compile(r"(?:^ {4}|`)make ([a-z-]+)", re.MULTILINE)
ROUTE = re.compile(r"`(GET|POST|PUT|PATCH|DELETE|OPTIONS) (/[^\s`?]*)")
LIMIT = re.compile(r"`(?!MINIO_API_)([A-Z]+(?:_[A-Z]+)+)`")  # those are variables of MinIO itself
CODE = ("capture", "proctoring", "retention", "review_ui", "storage", "tests")
FOR_MACHINES = re.compile(
    r"/api/|/whip|/rehearsal/|/media/|/(?:healthz|readyz|metrics|help/stream)$|.*\.(?:json|jpg)$"
)
BY_SCRIPT = re.compile(r"/[cp]/\{\w+\}/(?:ready|finish|help|back|identity)$")
"""Sent by the pages' own scripts, which read the status; what a form sends is answered with a page."""
COMMAND = re.compile(r"(?:^ {4}|`|\.venv/bin/)proctoring ([a-z]+)", re.MULTILINE)


def named(pattern: re.Pattern[str], document: str) -> set[str]:
    return set(pattern.findall((ROOT / document).read_text()))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_document_names_what_is_there(document: str) -> None:
    """Each path in backquotes exists, each `make` target and each command of `proctoring` too."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    gone = {path for path in named(PATH, document) - NO_PATHS if not (ROOT / path).exists()}
    assert (gone, named(TARGET, document) - targets, named(COMMAND, document) - set(MODULES)) == (
        set(),
        set(),
        set(),
    )


def test_the_machine_interface_is_written_down(tmp_path: Path) -> None:
    """Each route that docs/api names is served, and each machine route that is served is named there."""
    settings = plain_settings(data=tmp_path / "data")
    prepare(settings)
    served = set(served_by(whole_app(assemble(settings))))
    told = {route for file in (ROOT / "docs/api").glob("*.md") for route in ROUTE.findall(file.read_text())}
    machines = {
        (method, path)
        for method, path in served
        if FOR_MACHINES.match(path) or (method == "POST" and BY_SCRIPT.match(path))
    }
    assert (told - served, machines - told) == (set(), set())


def served_by(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Every (method, path) that does something: no HEAD, which is a GET, and nothing that is always 405."""
    for path, route in routes(app.routes):
        if isinstance(route, Route) and route.endpoint.__name__ != "refuse":
            yield from ((method, path) for method in route.methods or () if method != "HEAD")


def test_each_limit_and_setting_is_defined() -> None:
    """Each name in capitals in a document's backquotes is in the code, or a variable of the service."""
    rooms = "".join(file.read_text() for room in CODE for file in (ROOT / room).rglob("*.[pj][ys]"))
    others = "".join((ROOT / file).read_text() for file in (".env.example", "docker-compose.yml", ".ci/run"))
    known = set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", rooms + others))
    assert {document: gone for document in DOCUMENTS if (gone := named(LIMIT, document) - known)} == {}


def test_each_alarm_is_about_a_metric_that_there_is() -> None:
    """What docs/operate/monitor.md tells operators to watch is exported under that name."""
    alarms = re.findall(r"^\| (`.+?) \|", (ROOT / "docs/operate/monitor.md").read_text(), re.MULTILINE)
    watched = {name.removesuffix("_total") for alarm in alarms for name in re.findall(r"`(\w+)`", alarm)}
    assert len(watched) > len(alarms) > 10
    code = "".join(file.read_text() for file in (ROOT / "proctoring").rglob("*.py"))
    assert {name for name in watched if f'"{name}"' not in code} == set()


def test_the_first_document_is_read_in_minutes() -> None:
    """ARCHITECTURE.md has at most WORDS_MAX words; a subject has a text of its own."""
    assert len((ROOT / "ARCHITECTURE.md").read_text().split()) <= WORDS_MAX


def test_the_documents_are_read() -> None:
    """Each kind of name is found in some document, so that the test above can fail."""
    for pattern in (PATH, TARGET, COMMAND):
        assert set().union(*(named(pattern, document) for document in DOCUMENTS))
