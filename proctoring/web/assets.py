"""Static files below `/static/`: named by what they hold, kept by browsers, and sent compressed.

A page asks for `/static/NAME/VERSION/path`; the version is the digest of all of a package's files. Such an
address never changes what it answers, so a browser asks once. Without the version, or with an old one, the
same file comes, and the browser asks again each time. So a page that was open during an upgrade still works.
"""

import gzip
import hashlib
import re
from collections.abc import Iterator
from functools import cache, cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath
from urllib.parse import urljoin

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

ROOT = "/static"
KEPT = "public, max-age=31536000, immutable"  # a year, as long as anything is kept (RFC 9111, RFC 8246)
ASKED_AGAIN = "no-cache"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}  # RFC 9239 for the second
ADDRESS = re.compile(ROOT + r"/(\w+)/")
IMPORT = re.compile(r'^(?:import|export)\b(?:[^";]*\bfrom)? *"([^"]+)";', re.MULTILINE)
VERSION = re.compile(r"v-[0-9a-f]{12}")


class Asset:
    """One file, as it is and compressed, with the modules that it imports. `name` ends in one of TYPES."""

    def __init__(self, name: str, text: str) -> None:
        self.imports = IMPORT.findall(text) if name.endswith(".js") else []
        self.media_type = TYPES[PurePosixPath(name).suffix]
        self.data = text.encode()
        self.digest = hashlib.sha256(self.data).hexdigest()

    @cached_property
    def compressed(self) -> bytes:
        return gzip.compress(self.data, mtime=0)

    def answer(self, request: Request, keeping: str) -> Response:
        """The file; 304 for who has it (RFC 9110, section 13.1.2)."""
        small = "gzip" in request.headers.get("accept-encoding", "")
        tag = f'"{self.digest[:16]}{"-gzip" if small else ""}"'
        headers = {"Cache-Control": keeping, "ETag": tag, "Vary": "Accept-Encoding"}
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if small:
            headers["Content-Encoding"] = "gzip"
        data = self.compressed if small else self.data
        return Response(data, headers=headers, media_type=self.media_type)


class Assets:
    """All static files of a package, as an application for `ROOT/name`."""

    def __init__(self, name: str, package: str) -> None:
        folder = files(package).joinpath("static")
        self.files = {path: Asset(path, addressed(file.read_text())) for path, file in _below(folder)}
        whole = hashlib.sha256(
            "".join(f"{path}\n{one.digest}\n" for path, one in self.files.items()).encode()
        )
        self.version = f"v-{whole.hexdigest()[:12]}"
        self.address = f"{ROOT}/{name}/{self.version}/"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._answer(Request(scope))(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        version, _, path = request.scope["path"].removeprefix(request.scope["root_path"] + "/").partition("/")
        if not VERSION.fullmatch(version):
            path = f"{version}/{path}".removesuffix("/")
        found = self.files.get(path)
        if found is None:
            raise HTTPException(404)
        return found.answer(request, KEPT if version == self.version else ASKED_AGAIN)


@cache
def assets(name: str, package: str) -> Assets:
    """The package's files, from now on found by `addressed` under that name."""
    _PUBLISHED[name] = made = Assets(name, package)
    return made


def imported(address: str) -> list[str]:
    """The addresses of all modules that the module there needs, each once. A page that names them has them
    fetched at once, instead of each after the one that imports it."""
    found: dict[str, None] = {}
    pending = [addressed(address)]
    while pending:
        importer = pending.pop()
        for one in _imports_of(importer):
            at = urljoin(importer, one)
            if at not in found:
                found[at] = None
                pending.append(at)
    return list(found)


def addressed(text: str) -> str:
    """The text with every `/static/NAME/path` in its version, where this process serves that package."""
    return ADDRESS.sub(_versioned, text)


_PUBLISHED: dict[str, Assets] = {}


def _imports_of(address: str) -> list[str]:
    for known in _PUBLISHED.values():
        if address.startswith(known.address):
            return known.files[address.removeprefix(known.address)].imports
    return []


def _versioned(found: re.Match[str]) -> str:
    known = _PUBLISHED.get(found[1])
    return known.address if known else found[0]


def _below(folder: Traversable, above: str = "") -> Iterator[tuple[str, Traversable]]:
    for one in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if one.is_dir():
            yield from _below(one, f"{above}{one.name}/")
        else:
            yield above + one.name, one
