"""Static files: named by what they hold, kept by browsers, sent compressed."""

import re
from importlib.resources import files
from pathlib import Path
from urllib.parse import urljoin

import pytest

from proctoring.web.application import application
from proctoring.web.assets import ROOT, addressed, assets, imported
from tests.support.asgi import AsgiClient
from tests.support.settings import plain_settings

PACKAGES = {"look": "proctoring.web", "candidate": "capture", "review": "review_ui"}
ENTRIES = ["candidate/pages/exam.js", "candidate/pages/notice.js", "review/player/main.js", "review/calls.js"]


@pytest.fixture(scope="module")
def client() -> AsgiClient:
    app = application(plain_settings())
    for name, package in PACKAGES.items():
        app.mount(f"{ROOT}/{name}", assets(name, package))
    return AsgiClient(app)


@pytest.mark.parametrize("path", ["look/tokens.css", "look/icon.svg", *ENTRIES])
def test_what_a_page_names_is_kept_for_a_year(client: AsgiClient, path: str) -> None:
    """The versioned address answers with the file, and a browser need not ask again."""
    answer = client.get(addressed(f"/static/{path}"))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.content == addressed(_text(path)).encode()


@pytest.mark.parametrize("version", ["", "v-000000000000/"])
def test_another_version_is_asked_for_each_time(client: AsgiClient, version: str) -> None:
    """Without a version, or with that of another release, today's file comes, and is not kept: what has it
    already is told so in an answer without a body."""
    address = f"/static/review/{version}player/main.js"
    answer = client.get(address)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")
    assert answer.content == client.get(addressed("/static/review/player/main.js")).content
    again = client.get(address, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_file_is_sent_compressed_to_whom_it_may_be(client: AsgiClient) -> None:
    """Compressed and as it is are the same file, each with a tag of its own."""
    address = addressed("/static/review/player/main.js")
    small, plain = (client.get(address, headers={"Accept-Encoding": one}) for one in ("gzip", "identity"))
    assert small.headers["content-encoding"] == "gzip" and "content-encoding" not in plain.headers
    assert small.content == plain.content  # the client has decompressed it
    assert int(small.headers["content-length"]) < int(plain.headers["content-length"])
    assert small.headers["etag"] != plain.headers["etag"]
    assert {small.headers["vary"], plain.headers["vary"]} == {"Accept-Encoding"}


@pytest.mark.parametrize(
    "path",
    ["look", "look/", "look/none.css", "look/v-000000000000", "look/%2e%2e/assets.py", "look//tokens.css"],
)
def test_there_is_nothing_else(client: AsgiClient, path: str) -> None:
    """Addresses of no file are 404: a folder, what is outside of it, a version alone."""
    assert client.get(f"/static/{path}").status_code == 404


def test_nothing_can_be_sent_there(client: AsgiClient) -> None:
    """Other methods are refused, and the answer names those that are not (RFC 9110, section 15.5.6)."""
    answer = client.post("/static/look/tokens.css")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_page_names_all_modules_that_it_needs(client: AsgiClient, entry: str) -> None:
    """Every address that a module of the page imports is in the list, once, exists, and is a kept one."""
    listed = imported(f"/static/{entry}")
    assert len(listed) == len(set(listed))
    needed: set[str] = set()
    for address in [addressed(f"/static/{entry}"), *listed]:
        answer = client.get(address)
        assert answer.headers["cache-control"].endswith("immutable")
        needed |= {urljoin(address, one) for one in re.findall(r'^.*\bfrom "(.+)";$', answer.text, re.M)}
    assert needed == set(listed)


def test_modules_of_a_package_name_their_own_by_place() -> None:
    """No file names one of its own package by its whole address, which has no version then."""
    for name, package in PACKAGES.items():
        for file in Path(str(files(package).joinpath("static"))).rglob("*.*"):
            assert f'"/static/{name}/' not in file.read_text(), file


def _text(path: str) -> str:
    name, _, rest = path.partition("/")
    return files(PACKAGES[name]).joinpath("static", rest).read_text()
