"""Jinja2 environments: autoescaping, names isolated in direction (`web.isolation`), strict about what is
unknown, with the filters every page needs."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import jinja2
from babel.dates import format_skeleton
from jinja2.runtime import Context

from proctoring.clock import parse_instant
from proctoring.paging import told
from proctoring.web.assets import addressed, imported
from proctoring.web.i18n import DATES, translations
from proctoring.web.isolation import IsolatingEnvironment, isolate_translations

MS_PER_S = 1000


@cache
def environment(package: str, language: str = "en") -> jinja2.Environment:
    """Templates of `package`, then the shared ones, speaking `language` by the catalogue of `package`.

    An undefined name in a template is an error.
    """
    loader = jinja2.ChoiceLoader(
        [jinja2.PackageLoader(package), jinja2.PackageLoader("proctoring.web")]
        if package != "proctoring.web"
        else [jinja2.PackageLoader("proctoring.web")]
    )
    env = IsolatingEnvironment(
        loader=loader,
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    catalogue = translations(package, language)
    env.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]
    isolate_translations(env)
    env.filters |= {
        "addressed": addressed,
        "civil": _as_read(civil),
        "counted": told,
        "civil_day": _as_read(civil_day),
        "civil_time": civil_time,
        "duration": duration,
        "imported": imported,
        "instant": parse_instant,
        "until": _as_read(until),
    }
    return env


def _as_read(form: Callable[[datetime, str, str], str]) -> Callable[..., str]:
    """The form as a filter: in the language given, else in the page's `dates`, which is the reader's."""

    @jinja2.pass_context
    def filtered(context: Context, instant: datetime, zone: str, language: str = "") -> str:
        return form(instant, zone, language or context.get("dates", DATES))

    return filtered


def civil(instant: datetime, zone: str, language: str = DATES) -> str:
    """`7 Dec 2026, 23:59 CET`: date, 24-hour time and zone of the exam's place; the date in the form of
    `language`, which may name a country too (`en_US`)."""
    local = instant.astimezone(ZoneInfo(zone))
    return f"{_day(local, language)}, {local:%H:%M} {local.tzname()}"


def civil_day(instant: datetime, zone: str, language: str = DATES) -> str:
    """`7 Dec 2026` in the exam's zone, in the form of `language`."""
    return _day(instant.astimezone(ZoneInfo(zone)), language)


def _day(local: datetime, language: str) -> str:
    return format_skeleton("yMMMd", local, locale=DATES if language == "en" else language)


def civil_time(instant: datetime, zone: str) -> str:
    """`23:59:07` in the exam's zone."""
    return instant.astimezone(ZoneInfo(zone)).strftime("%H:%M:%S")


def until(due: datetime, zone: str, language: str = DATES) -> str:
    """The last minute before `due`: a period that ends at midnight reads `7 Dec 2026, 23:59 CET`."""
    return civil(due - timedelta(minutes=1), zone, language)


def duration(duration_ms: int) -> str:
    """`1 h 42 min`, `12 min`, `38 s`: a duration in words, rounded down to its two largest units."""
    seconds = duration_ms // MS_PER_S
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60:02d} min"
