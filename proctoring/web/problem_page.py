"""A problem as a page: for candidates in their language, for staff inside their frame.

address        page
/c/…, /p/…     `candidate_problem.html`; who reads no English never gets an English sentence
any other      what the staff's edge drew (`app.state.staff_problem`), else `problem.html`
"""

import re
from collections.abc import Callable, Iterator
from typing import Protocol

from fastapi import Request
from fastapi.responses import HTMLResponse

from proctoring import errors
from proctoring.web.cookies import read_cookie
from proctoring.web.i18n import best_language, translations
from proctoring.web.templates import environment

CATALOGUE = "capture"  # where the words of candidates' and of the shared pages are translated
QUARANTINE = "quarantine.html"
CANDIDATES = re.compile(r"(/[cp]/[^/]+)(/.*)?")
"""A candidate's address: their own page, and what hangs on it."""
FIGURE = re.compile(r"\d+")
LANGUAGE_COOKIE = "language"


class Told(Protocol):
    """What a page says of a problem (`web.problems.Problem`)."""

    status: int
    title: str
    detail: str
    remedy: str
    page: str


Draw = Callable[[Request, Told], HTMLResponse]
Speaks = Callable[[], str]
"""Gives the language that is registered for the candidate. Raises CoreError."""


def problem_page(request: Request, problem: Told) -> HTMLResponse:
    """The page for whoever asked. It fails only where a template is broken."""
    found = CANDIDATES.fullmatch(request.url.path)
    if problem.page == QUARANTINE:
        language = _language(request)
        page = environment(CATALOGUE, language).get_template(QUARANTINE)
        return HTMLResponse(page.render(problem=problem, request=request, language=language))
    if found:
        return _of_candidate(request, problem, found.group(1), is_home=not found.group(2))
    app = request.scope.get("app")
    staff: Draw | None = getattr(app.state, "staff_problem", None) if app else None
    if staff:
        return staff(request, problem)
    page = environment("proctoring.web").get_template("problem.html")
    return HTMLResponse(page.render(problem=problem, request=request))


def _of_candidate(request: Request, problem: Told, home: str, *, is_home: bool) -> HTMLResponse:
    language = _language(request)
    html = (
        environment(CATALOGUE, language)
        .get_template("candidate_problem.html")
        .render(
            language=language,
            status=problem.status,
            title=sentence(problem.title, language),
            detail=sentence(problem.detail, language) if problem.detail != problem.title else None,
            remedy=sentence(problem.remedy, language),
            home=None if problem.status == 401 or (is_home and request.method == "GET") else home,
        )
    )
    return HTMLResponse(html)


def sentence(text: str, language: str) -> str | None:
    """The sentence in that language; None where it is not translated. A translation has `{1}`, `{2}` … for
    the figures of the English one, in their order."""
    if language == "en" or not text:
        return text or None
    figures = FIGURE.findall(text)
    numbers: Iterator[int] = iter(range(1, len(figures) + 1))
    msgid = FIGURE.sub(lambda _: f"{{{next(numbers)}}}", text)
    found = translations(CATALOGUE, language).gettext(msgid)
    if found == msgid:
        return None
    for number, figure in enumerate(figures, start=1):
        found = found.replace(f"{{{number}}}", figure)
    return found


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
