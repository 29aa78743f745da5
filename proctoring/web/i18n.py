"""Translations read straight from .po files: no compiled file that could be stale. English is the msgid."""

import gettext
import io
from functools import cache
from importlib.resources import files

from babel.core import Locale, UnknownLocaleError
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from proctoring.exams.model import LANGUAGES

DATES = "en_GB"
"""The form of a date for whoever did not say: `7 Dec 2026`."""


def dates_of(accept_language: str) -> str:
    """The locale whose form of a date the reader knows. It is the first of their browser's that is of
    LANGUAGES, with its country, else DATES (RFC 9110, section 12.5.4). Their order replaces their weight."""
    for part in accept_language.split(","):
        try:
            found = Locale.parse(part.split(";")[0].strip(), sep="-")
        except (ValueError, UnknownLocaleError):
            continue
        if found.language in LANGUAGES:
            return DATES if str(found) == "en" else str(found)
    return DATES


@cache
def translations(package: str, language: str) -> gettext.NullTranslations:
    """The catalogue of `package` in `language`; English, and a language without a file, speak msgids."""
    source = files(package).joinpath("locale", language, "LC_MESSAGES", "messages.po")
    if not source.is_file():
        return gettext.NullTranslations()
    compiled = io.BytesIO()
    write_mo(compiled, read_po(io.BytesIO(source.read_bytes()), locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def best_language(wanted: str | None, accept_language: str) -> str:
    """The first of LANGUAGES that the person asked for, by link or by browser; English otherwise."""
    if wanted in LANGUAGES:
        return wanted
    for part in accept_language.split(","):
        code = part.split(";")[0].strip().split("-")[0].lower()
        if code in LANGUAGES:
            return code
    return "en"
