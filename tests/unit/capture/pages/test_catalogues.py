"""Every text of the candidate's pages exists in every language.

To add one: write it in English in a template, run this test, and put what it names into the three
`capture/locale/*/LC_MESSAGES/messages.po`.
"""

import re
from importlib.resources import files
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po

from proctoring.exams.model import LANGUAGES

TEMPLATES = (
    Path(str(files("capture").joinpath("templates"))),
    Path(str(files("proctoring.web").joinpath("templates"))),
)
STAFF_ONLY = {"staff.html"}
STATIC = Path(str(files("capture").joinpath("static")))
PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w+\}")
OPTIONS = {"newstyle_gettext": "true", "trim_blocks": "true", "lstrip_blocks": "true"}
TRANSLATED = sorted(set(LANGUAGES) - {"en"})


def used() -> dict[str, str]:
    """Every text in the templates, with the template that uses it."""
    found: dict[str, str] = {}
    for folder in TEMPLATES:
        for template in sorted(folder.glob("*.html")):
            if template.name in STAFF_ONLY:
                continue
            with template.open("rb") as source:
                for _line, message, _comments, _context in extract(
                    "jinja2.ext:babel_extract", source, options=OPTIONS
                ):
                    found[str(message)] = template.name
    return found


def catalogue(language: str) -> Catalog:
    """The translations of one language."""
    path = files("capture").joinpath("locale", language, "LC_MESSAGES", "messages.po")
    with Path(str(path)).open("rb") as source:
        return read_po(source, locale=language)


@pytest.mark.promise("P18")
@pytest.mark.parametrize("language", TRANSLATED)
def test_nothing_is_untranslated(language: str) -> None:
    """No English word reaches a Dutch, French or German reader; nothing is fuzzy."""
    translations = catalogue(language)
    missing = [
        f"{template}: {text}"
        for text, template in used().items()
        if (entry := translations.get(text)) is None or not entry.string or entry.fuzzy
    ]
    assert not missing


@pytest.mark.parametrize("language", TRANSLATED)
def test_nothing_is_left_over(language: str) -> None:
    """A catalogue holds what the templates use, so that a dead text is not translated for ever."""
    texts = used()
    assert [entry.id for entry in catalogue(language) if entry.id and entry.id not in texts] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_placeholders_match(language: str) -> None:
    """A date or a figure that the English text shows is shown by the translation too."""
    for entry in catalogue(language):
        if entry.id:
            assert sorted(PLACEHOLDER.findall(str(entry.id))) == sorted(
                PLACEHOLDER.findall(str(entry.string))
            ), entry.id


def test_modules_ask_only_for_texts_that_the_page_has() -> None:
    """A key named in JavaScript is a line of the page's texts."""
    template = (TEMPLATES[0] / "pieces.html").read_text()
    texts = set(re.findall(r'^\s+"([a-z-]+)": _\(', template, re.MULTILINE))
    for module in STATIC.rglob("*.js"):
        for key in re.findall(r'\btext\(\s*"([a-z-]+)"', module.read_text()):
            assert key in texts, f"{module.name}: {key}"
    reasons = re.search(r"@typedef \{([^}]+)\} Reason", (STATIC / "devices" / "devices.js").read_text())
    assert reasons is not None
    for reason in re.findall(r'"([a-z-]+)"', reasons[1]):
        assert {f"webcam-{reason}", f"screen-{reason}"} & texts, reason
