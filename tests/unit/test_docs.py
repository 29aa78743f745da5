"""Paths, make targets and commands that the documents name are there."""

import re
from pathlib import Path

import pytest

from proctoring.cli import MODULES

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
