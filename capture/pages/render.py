"""Language and rendering: a page in the reader's language, with links to the other three."""

from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse

from proctoring.core import Core
from proctoring.exams.model import LANGUAGES
from proctoring.exams.notice import Controller
from proctoring.settings.settings import Settings
from proctoring.web.cookies import read_cookie, set_cookie
from proctoring.web.i18n import best_language
from proctoring.web.problem_page import LANGUAGE_COOKIE
from proctoring.web.templates import environment

LANGUAGE_NAMES = {"nl": "Nederlands", "fr": "Français", "de": "Deutsch", "en": "English"}
LANGUAGE_COOKIE_S = 90 * 24 * 3600
LANGUAGE_DEFAULT = "en"


def language_of(core: Core, request: Request, registered: str) -> str:
    """The language of a page: the link pressed, else the one pressed before, else the one that the exam
    body registered for the candidate. English is also what is registered when nobody chose, so there the
    browser's own languages come first."""
    kept = read_cookie(request, LANGUAGE_COOKIE, https=core.settings.https)
    for chosen in (request.query_params.get("lang"), kept):
        if chosen in LANGUAGES:
            return chosen
    if registered in LANGUAGES and registered != LANGUAGE_DEFAULT:
        return registered
    return best_language(None, request.headers.get("accept-language", ""))


def page(core: Core, request: Request, template: str, language: str, **context: Any) -> HTMLResponse:
    """The template in `language`; a language that was just chosen is remembered."""
    settings = core.settings
    html = (
        environment("capture", language)
        .get_template(template)
        .render(
            language=language,
            languages=[
                {"code": code, "name": name, "href": "?" + urlencode({"lang": code})}
                for code, name in LANGUAGE_NAMES.items()
            ],
            brand=settings.controller_name,
            controller=controller(settings),
            **context,
        )
    )
    response = HTMLResponse(html)
    if request.query_params.get("lang") == language:
        set_cookie(response, LANGUAGE_COOKIE, language, max_age_s=LANGUAGE_COOKIE_S, https=settings.https)
    return response


def see(path: str) -> RedirectResponse:
    """Go and GET another page."""
    return RedirectResponse(path, HTTPStatus.SEE_OTHER)


def controller(settings: Settings) -> Controller:
    """Who answers for the data, from the configuration."""
    return Controller(
        name=settings.controller_name,
        address=settings.controller_address,
        email=settings.controller_email,
        phone=settings.controller_phone,
        authority=settings.authority_name,
        authority_url=settings.authority_url,
    )
