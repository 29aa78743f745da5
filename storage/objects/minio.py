"""The object store in MinIO, or in another service with its S3 and conditional writes.

Versions and delete markers are listed and deleted by their id, so nothing remains in a bucket that was made
versioned. Nothing depends on ETags, lifecycle rules, tags or server-side encryption.

- Put-if-absent is `If-None-Match: *`: the server looks and writes under one lock on the name.
- Every object is one PUT, never a multipart upload. Other clients with the ingest key may begin multipart
  uploads. MinIO finds those by prefix only for the exact name, so all of the bucket are listed and ours are
  picked out. MinIO lists only uploads begun since its last start. It drops older ones by itself after 24 h
  (`stale_uploads_expiry`), and they contain no key.
- The client's `_put_object`, `_execute`, `_list_multipart_uploads` and `_abort_multipart_upload` are private
  to it and have no public twin. The lock file fixes its version, and the contract suite notices a change.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

from minio.deleteobjects import DeleteError, DeleteObject
from minio.error import S3Error

from storage.addresses import MinioAddress, MinioKey
from storage.errors import ObjectExists, ObjectMissing, StoreFailed
from storage.objects.minio_client import mapped, s3_client
from storage.objects.minio_versions import PAGE, pages
from storage.objects.naming import SEQ_MAX, check_below, check_key, check_prefix, segment_key
from storage.objects.store import StoredVersion, Upload

MISSING = frozenset({"NoSuchKey", "NoSuchVersion"})
DELETES_AT_ONCE = 4
DELETE_SHARE = PAGE // DELETES_AT_ONCE  # a listed page keeps all of them busy
NEVER_USED = segment_key("a" * 16, "a" * 16, SEQ_MAX)
NEVER_BEGUN = "bm9uZQ"  # of the form that MinIO gives out; it looks for no other, not even for the bucket


class MinioObjects:
    """An ObjectStore in one bucket with one user's key; what that user may not do raises StoreFailed."""

    def __init__(self, address: MinioAddress, key: MinioKey) -> None:
        self._bucket = address.bucket
        self._client = s3_client(address, key)

    def put(self, key: str, data: bytes) -> None:
        """See ObjectStore."""
        check_key(key)
        with mapped(f"store {key}"):
            try:
                self._client._put_object(self._bucket, key, data, {"If-None-Match": "*"})
            except S3Error as error:
                if error.code == "PreconditionFailed":
                    raise ObjectExists(key) from None
                raise

    def get(self, key: str) -> bytes:
        """See ObjectStore. An answer that is cut short raises StoreFailed, never returns a part."""
        check_key(key)
        with mapped(f"give {key}"):
            try:
                response = self._client.get_object(self._bucket, key)
            except S3Error as error:
                if error.code in MISSING:
                    raise ObjectMissing(key) from None
                raise
            try:
                return response.read()
            finally:
                response.release_conn()

    def versions(self, prefix: str) -> Iterator[StoredVersion]:
        """See ObjectStore. Listed while it is consumed, one page ahead: who deletes what is listed does not
        wait for the listing. Two pages at most are in memory."""
        check_prefix(prefix)
        return self._versions(prefix)

    def _versions(self, prefix: str) -> Iterator[StoredVersion]:
        found = pages(self._client, self._bucket, prefix)
        with mapped(f"list {prefix}"), ThreadPoolExecutor(max_workers=1) as ahead:
            page = ahead.submit(next, found, None)
            while (versions := page.result()) is not None:
                page = ahead.submit(next, found, None)
                yield from versions

    def uploads(self, prefix: str) -> Iterator[Upload]:
        """See ObjectStore, and what this module says about MinIO."""
        check_prefix(prefix)
        return self._uploads(prefix)

    def _uploads(self, prefix: str) -> Iterator[Upload]:
        marker: tuple[str | None, str | None] = (None, None)
        with mapped(f"list the uploads below {prefix}"):
            while True:
                page = self._client._list_multipart_uploads(
                    self._bucket, key_marker=marker[0], upload_id_marker=marker[1]
                )
                for found in page.uploads:
                    if found.object_name.startswith(prefix):
                        assert found.upload_id is not None
                        yield Upload(found.object_name, found.upload_id)
                after = (page.next_key_marker, page.next_upload_id_marker)
                if not page.is_truncated:
                    return
                if after == marker:
                    raise StoreFailed("MinIO lists the same uploads again and again")
                marker = after

    def abort(self, upload: Upload) -> None:
        """See ObjectStore."""
        check_below(upload.key)
        with mapped(f"abort an upload of {upload.key}"):
            try:
                self._client._abort_multipart_upload(self._bucket, upload.key, upload.upload_id)
            except S3Error as error:
                if error.code != "NoSuchUpload":
                    raise

    def delete(self, versions: Iterable[StoredVersion]) -> list[str]:
        """See ObjectStore. `DELETES_AT_ONCE` requests run in parallel, since the server deletes the names of
        one request one after another. `versions` is read no further ahead than they need."""
        doomed = (DeleteObject(check_below(version.key), version.version_id) for version in versions)
        failures: list[str] = []
        with mapped("delete"), ThreadPoolExecutor(DELETES_AT_ONCE) as pool:
            sent: deque[Future[list[str]]] = deque()
            while share := list(islice(doomed, DELETE_SHARE)):
                sent.append(pool.submit(self._delete, share))
                if len(sent) == 2 * DELETES_AT_ONCE:
                    failures += sent.popleft().result()
            for request in sent:
                failures += request.result()
        return failures

    def _delete(self, doomed: list[DeleteObject]) -> list[str]:
        """The client deletes only while its errors are consumed: here."""
        return [_line(error) for error in self._client.remove_objects(self._bucket, doomed)]

    def check(self) -> None:
        """See ObjectStore: the server answers, knows this user, and the bucket is there. Writes nothing:
        aborting what never began is within the powers of ingest and purger, reading what is not there within
        the reader's."""
        with mapped("answer"):
            try:
                self._client._abort_multipart_upload(self._bucket, NEVER_USED, NEVER_BEGUN)
            except S3Error as error:
                if error.code == "AccessDenied":
                    self._check_reading()
                elif error.code != "NoSuchUpload":
                    raise

    def _check_reading(self) -> None:
        try:
            self._client.get_object(self._bucket, NEVER_USED).release_conn()
        except S3Error as error:
            if error.code not in MISSING:
                raise


def _line(error: DeleteError) -> str:
    version = f" version {error.version_id}" if error.version_id else ""
    return f"{error.name}{version}: {error.code}, {error.message}"
