"""Finds names that would turn the sentence around them: right-to-left letters that nothing isolates."""

import unicodedata
from html.parser import HTMLParser

from proctoring.text import FSI, PDI

VOID = frozenset({"br", "hr", "img", "input", "link", "meta", "source", "wbr"})
ISOLATING = frozenset({"bdi", "textarea", "input"})
FOR_PROGRAMS = frozenset({"value", "href", "action", "src", "id", "class"})


def turning(html: str) -> list[str]:
    """Each text or attribute with a right-to-left letter outside of every isolate."""
    reader = _Reader()
    reader.feed(html)
    return reader.found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name not in FOR_PROGRAMS and not name.startswith("data-") and _turns(value or ""):
                self.found.append(f"{name}={value}")
            if "<bdi>" in (value or ""):
                self.found.append(f"an element in {name}={value}")
        if tag == "bdi" and {name for name, _ in self._open} & {"title", "option", "text"}:
            self.found.append("bdi where no element can be")
        if tag not in VOID:
            self._open.append((tag, tag in ISOLATING or ("dir", "auto") in attrs))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "<bdi>" in data:  # in a title or a text field, elements are text
            self.found.append(data)
        if not any(isolating for _, isolating in self._open) and _turns(data):
            self.found.append(data.strip())


def _turns(text: str) -> bool:
    depth = 0
    for character in text:
        depth += (character == FSI) - (character == PDI)
        if depth == 0 and unicodedata.bidirectional(character) in ("R", "AL", "AN"):
            return True
    return False
