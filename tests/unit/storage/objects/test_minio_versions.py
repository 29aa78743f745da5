"""A listing of versions, page by page, as servers write it."""

from types import SimpleNamespace
from typing import Any

import pytest

from storage.errors import StoreFailed
from storage.objects.minio_versions import pages
from storage.objects.store import StoredVersion

NAMESPACE = ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
VERSION = (
    "<Version><Key>u/a/1</Key><VersionId>v1</VersionId><Size>7</Size><IsLatest>true</IsLatest></Version>"
)
MARKER = "<DeleteMarker><Key>u/a/1</Key><VersionId>v2</VersionId></DeleteMarker>"
MORE = "<IsTruncated>true</IsTruncated><NextKeyMarker>u/a/1</NextKeyMarker>"
PLACE = MORE + "<NextVersionIdMarker>v1</NextVersionIdMarker>"


class Server:
    """Gives out these answers, one for each request; keeps what was asked."""

    def __init__(self, *answers: str) -> None:
        self._answers = iter(answers)
        self.asked: list[dict[str, str]] = []

    def _execute(self, _method: str, _bucket: str, query_params: dict[str, str]) -> Any:
        self.asked.append(dict(query_params))
        return SimpleNamespace(data=next(self._answers).encode())


def _listed(server: Any) -> list[StoredVersion]:
    return [version for page in pages(server, "bucket", "u/a/") for version in page]


def _answer(body: str, attributes: str = NAMESPACE) -> str:
    return f"<ListVersionsResult{attributes}>{body}</ListVersionsResult>"


@pytest.mark.parametrize("attributes", [NAMESPACE, ""])
def test_versions_and_markers_are_read_with_or_without_a_namespace(attributes: str) -> None:
    """Both are found, each with the id by which it is deleted."""
    assert _listed(Server(_answer(VERSION + MARKER, attributes))) == [
        StoredVersion("u/a/1", "v1", False, 7),
        StoredVersion("u/a/1", "v2", True, 0),
    ]


def test_the_next_page_begins_where_the_one_before_ended() -> None:
    """Key and version of the last one go with the next request."""
    server = Server(_answer(VERSION + PLACE), _answer(MARKER))
    assert len(_listed(server)) == 2
    assert server.asked[1]["key-marker"] == "u/a/1"
    assert server.asked[1]["version-id-marker"] == "v1"


@pytest.mark.parametrize("end", [PLACE, "<IsTruncated>true</IsTruncated>"])
def test_a_listing_that_does_not_go_on_is_refused(end: str) -> None:
    """A server that says there is more and stays where it is cannot make an erasure last for ever."""
    with pytest.raises(StoreFailed, match="again and again"):
        _listed(Server(*[_answer(VERSION + end)] * 3))
