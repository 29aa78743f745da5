"""Lists versions and delete markers below a prefix, a page at a time (S3's ListObjectVersions).

The client's own listing makes a dozen fields of each version, dates among them, which costs more than asking
for its deletion; erasure needs four.
"""

from collections.abc import Iterator
from xml.etree import ElementTree

from minio import Minio
from minio.helpers import DictType

from storage.errors import StoreFailed
from storage.objects.store import StoredVersion

PAGE = 1000  # what the server gives at once


def pages(client: Minio, bucket: str, prefix: str) -> Iterator[list[StoredVersion]]:
    """Raises what the client raises, StoreFailed for a listing that does not go on."""
    query: DictType = {"versions": "", "delimiter": "", "max-keys": str(PAGE), "prefix": prefix}
    while True:
        # The answer is trusted: it comes from the server that holds the recordings.
        answer = ElementTree.fromstring(client._execute("GET", bucket, query_params=query).data)  # noqa: S314
        yield list(_read(answer))
        after: DictType = {
            "key-marker": _text(answer, "NextKeyMarker"),
            "version-id-marker": _text(answer, "NextVersionIdMarker"),
        }
        if _text(answer, "IsTruncated") != "true":
            return
        if not after["key-marker"] or after.items() <= query.items():
            raise StoreFailed("MinIO lists the same versions again and again")
        query |= after


def _read(answer: ElementTree.Element) -> Iterator[StoredVersion]:
    space = _space(answer)
    key, version_id, size = space + "Key", space + "VersionId", space + "Size"
    version, marker = space + "Version", space + "DeleteMarker"
    for child in answer:
        if child.tag == version or child.tag == marker:
            yield StoredVersion(
                child.findtext(key, ""),
                child.findtext(version_id),
                child.tag == marker,
                int(child.findtext(size, "0")),
            )


def _text(answer: ElementTree.Element, name: str) -> str:
    return answer.findtext(_space(answer) + name, "")


def _space(answer: ElementTree.Element) -> str:
    """The namespace of a name in this answer, in braces; servers other than MinIO may leave it out."""
    space, brace, _ = answer.tag.rpartition("}")
    return space + brace
