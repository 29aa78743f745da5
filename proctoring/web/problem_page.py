"""A problem as a page: for candidates in their language, for staff inside their frame.

address        page
/c/…, /p/…     `candidate_problem.html`; who reads no English never gets an English sentence
any other      what the staff's edge drew (`app.state.staff_problem`), else `problem.html`

The composition names the package (`app.state.catalogue`) of the first page and of the words in each language,
those of shared pages too. Without one, every address gets `problem.html`.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

from fastapi import Request
from fastapi.responses import HTMLResponse

from proctoring import errors
from proctoring.web.cookies import read_cookie
from proctoring.web.i18n import best_language
from proctoring.web.templates import civil, environment, until

SHARED = "proctoring.web"
QUARANTINE = "quarantine.html"
CANDIDATES = re.compile(r"(/[cp]/[^/]+)(/.*)?")
"""A candidate's address: their own page, and what hangs on it."""
LANGUAGE_COOKIE = "language"


class Told(Protocol):
    """What a page says of a problem (`web.problems.Problem`)."""

    status: int
    title: str
    detail: str
    remedy: str
    page: str
    key: str
    facts: Mapping[str, object]


Draw = Callable[[Request, Told], HTMLResponse]
Speaks = Callable[[], str]
"""Gives the language that is registered for the candidate. Raises CoreError."""


def problem_page(request: Request, problem: Told) -> HTMLResponse:
    """The page for whoever asked. It fails only where a template is broken."""
    found = CANDIDATES.fullmatch(request.url.path)
    catalogue = _stated(request, "catalogue") or SHARED
    if problem.page == QUARANTINE:
        language = _language(request)
        page = environment(catalogue, language).get_template(QUARANTINE)
        return HTMLResponse(page.render(problem=problem, request=request, language=language))
    if found and catalogue != SHARED:
        return _of_candidate(request, problem, catalogue, found.group(1), is_home=not found.group(2))
    staff: Draw | None = _stated(request, "staff_problem")
    if staff:
        return staff(request, problem)
    page = environment(SHARED).get_template("problem.html")
    return HTMLResponse(page.render(problem=problem, request=request))


def _stated(request: Request, name: str) -> Any:
    """What the composition put into the application's state; None outside of one."""
    app = request.scope.get("app")
    return getattr(app.state, name, None) if app else None


def _of_candidate(
    request: Request, problem: Told, catalogue: str, home: str, *, is_home: bool
) -> HTMLResponse:
    language = _language(request)
    html = (
        environment(catalogue, language)
        .get_template("candidate_problem.html")
        .render(
            language=language,
            status=problem.status,
            title=problem.title if language == "en" else None,
            told=told(problem, catalogue, language),
            home=None if problem.status == 401 or (is_home and request.method == "GET") else home,
        )
    )
    return HTMLResponse(html)


def told(problem: Told, catalogue: str, language: str) -> tuple[str, str] | None:
    """What is the matter and what to do, in that language, by the refusal's key. Without a key: what it says
    itself, in English; None in other languages, where the page has words for the status."""
    page = environment(catalogue, language).get_template("refusals.html")
    words: dict[str, tuple[str, str]] = page.module.refusals  # type: ignore[attr-defined]
    if problem.key not in words:
        is_said = language == "en" and problem.detail != problem.title
        return (problem.detail, problem.remedy) if is_said else None
    facts = {"{" + name + "}": _shown(name, fact, language) for name, fact in problem.facts.items()}
    detail, remedy = words[problem.key]
    for name, fact in facts.items():
        detail, remedy = detail.replace(name, fact), remedy.replace(name, fact)
    return detail, remedy


def _shown(name: str, fact: object, language: str) -> str:
    """A figure as it is; an instant in its own zone, the end of a time (`until`) by its last minute."""
    if isinstance(fact, datetime):
        form = until if name == "until" else civil
        return form(fact, getattr(fact.tzinfo, "key", "UTC"), language)
    return str(fact)


def _language(request: Request) -> str:
    """The one pressed now or before, else the one registered for the candidate, else the browser's."""
    kept = [read_cookie(request, LANGUAGE_COOKIE, https=https) for https in (True, False)]
    chosen = request.query_params.get("lang") or kept[0] or kept[1]
    speaks: Speaks | None = getattr(request.state, "speaks", None)
    if not chosen and speaks:
        try:
            registered = speaks()
        except errors.CoreError:
            registered = "en"
        chosen = registered if registered != "en" else None
    return best_language(chosen, request.headers.get("accept-language", ""))
