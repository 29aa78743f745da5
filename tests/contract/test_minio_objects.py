"""Cases that only a server has: versions, markers, uploads, locks, partial errors, answers that never
come.
"""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest
from minio import Minio
from minio.commonconfig import ENABLED
from minio.datatypes import Part
from minio.error import S3Error
from minio.versioningconfig import VersioningConfig

from storage.addresses import MinioAddress, MinioKey
from storage.errors import BadName, ObjectMissing, StoreFailed
from storage.objects.minio import NEVER_BEGUN, MinioObjects
from storage.objects.minio_client import RETRIES, s3_client
from storage.objects.naming import segment_key, unit_prefix
from storage.objects.shred import Shredder
from storage.objects.store import StoredVersion, Upload
from tests.support.minio import REGION, ROOT, MinioServer
from tests.support.names import TAKE_1, UNIT_A, UNIT_B
from tests.support.service import free_port

KEYS = [segment_key(UNIT_A, TAKE_1, seq) for seq in range(3)]
PREFIX = unit_prefix(UNIT_A)
MANY = 1_050


class Bucket:
    """A bucket as the service sees it (`store`) and as its owner does (`raw`)."""

    def __init__(self, server: MinioServer, versions: bool = False, object_lock: bool = False) -> None:
        self.name = server.new_bucket(object_lock)
        address = server.address(self.name)
        self.raw: Minio = s3_client(address, ROOT)
        self.store = MinioObjects(address, ROOT)
        if versions:
            self.raw.set_bucket_versioning(self.name, VersioningConfig(ENABLED))

    def everything(self) -> list[tuple[str | None, str | None]]:
        """Name and version of all that the owner finds."""
        found = self.raw.list_objects(self.name, recursive=True, include_version=True)
        return [(one.object_name, one.version_id) for one in found]

    def begin_upload(self, key: str) -> Upload:
        """An upload with one part that is never completed."""
        upload_id = self.raw._create_multipart_upload(self.name, key, {})
        self.raw._upload_part(self.name, key, b"part", None, upload_id, 1)
        return Upload(key, upload_id)

    def upload_ids(self, key: str) -> list[str | None]:
        """Asked by the exact name, as MinIO answers it from its disk."""
        return [one.upload_id for one in self.raw._list_multipart_uploads(self.name, prefix=key).uploads]


@pytest.fixture
def plain(minio: MinioServer) -> Bucket:
    return Bucket(minio)


@pytest.fixture
def versioned(minio: MinioServer) -> Bucket:
    return Bucket(minio, versions=True)


@pytest.mark.promise("P7")
def test_a_plain_delete_leaves_everything_and_is_seen_to(versioned: Bucket) -> None:
    """In a bucket with versions a delete without version id hides the object: reading and a plain listing
    find nothing, ours finds the version and the marker, and shredding removes both."""
    versioned.store.put(KEYS[0], b"12345")
    versioned.raw.remove_object(versioned.name, KEYS[0])
    with pytest.raises(ObjectMissing):
        versioned.store.get(KEYS[0])
    assert list(versioned.raw.list_objects(versioned.name, recursive=True)) == []
    listed = list(versioned.store.versions(PREFIX))
    assert sorted((version.is_marker, version.size) for version in listed) == [(False, 5), (True, 0)]
    shredder = Shredder(versioned.store)
    assert not shredder.is_gone(UNIT_A)
    removed = shredder.shred(UNIT_A)
    assert (removed.objects, removed.markers, removed.bytes) == (1, 1, 5)
    assert versioned.everything() == []


@pytest.mark.promise("P7")
def test_shredding_leaves_nothing_in_a_bucket_with_versions(versioned: Bucket) -> None:
    """More versions of one name than a page holds, markers, other names: all go; another unit stays."""
    for number in range(MANY):
        versioned.raw._put_object(versioned.name, KEYS[0], b"%d" % (number % 10))
    versioned.store.put(KEYS[1], b"12")
    for key in KEYS[:2]:
        versioned.raw.remove_object(versioned.name, key)
    other = segment_key(UNIT_B, TAKE_1, 0)
    versioned.store.put(other, b"stays")
    removed = Shredder(versioned.store).shred(UNIT_A)
    assert (removed.objects, removed.markers) == (MANY + 1, 2)
    assert [name for name, _ in versioned.everything()] == [other]


def test_deleting_one_version_leaves_the_others(versioned: Bucket) -> None:
    """A version is named by its id; what is older comes back to light."""
    versioned.raw._put_object(versioned.name, KEYS[0], b"old")
    versioned.raw._put_object(versioned.name, KEYS[0], b"new")
    newest = next(versioned.store.versions(PREFIX))
    assert versioned.store.delete([newest]) == []
    assert versioned.store.get(KEYS[0]) == b"old"


def test_versions_written_before_versioning_go_too(plain: Bucket) -> None:
    """The null version of a bucket that became versioned later is a version like any other."""
    plain.store.put(KEYS[0], b"null version")
    plain.raw.set_bucket_versioning(plain.name, VersioningConfig(ENABLED))
    plain.raw._put_object(plain.name, KEYS[0], b"second")
    assert Shredder(plain.store).shred(UNIT_A).objects == 2
    assert plain.everything() == []


def test_what_somebody_else_put_below_a_unit_goes_too(plain: Bucket) -> None:
    """A name outside our grammar is no reason to leave it; outside every unit nothing is touched."""
    plain.raw._put_object(plain.name, f"{PREFIX}copy of the recording.mp4", b"leak")
    assert Shredder(plain.store).shred(UNIT_A).objects == 1
    assert plain.everything() == []
    for key in ("", "backup.tar", "u/", f"u/{UNIT_A}"):
        with pytest.raises(BadName):
            plain.store.delete([StoredVersion(key, None, False, 0)])
        with pytest.raises(BadName):
            plain.store.abort(Upload(key, "x"))


@pytest.mark.promise("P7")
def test_what_cannot_be_deleted_is_named_and_the_rest_goes(minio: MinioServer) -> None:
    """One locked object among three: one failure with its name, two gone, no erasure until it goes too."""
    locked = Bucket(minio, object_lock=True)
    for key in KEYS:
        locked.store.put(key, b"123")
    locked.raw.enable_object_legal_hold(locked.name, KEYS[1])
    failures = locked.store.delete(list(locked.store.versions(PREFIX)))
    assert len(failures) == 1
    assert KEYS[1] in failures[0]
    assert [name for name, _ in locked.everything()] == [KEYS[1]]
    with pytest.raises(StoreFailed, match=KEYS[1]):
        Shredder(locked.store).shred(UNIT_A)
    locked.raw.disable_object_legal_hold(locked.name, KEYS[1])
    assert Shredder(locked.store).shred(UNIT_A).objects == 1
    assert locked.everything() == []


@pytest.mark.promise("P7")
def test_unfinished_uploads_are_found_by_prefix_and_aborted(plain: Bucket) -> None:
    """Several of one name, and of a name without object; another unit's stay; a second abort is harmless."""
    mine = {plain.begin_upload(key) for key in (KEYS[0], KEYS[0], KEYS[2])}
    other = plain.begin_upload(segment_key(UNIT_B, TAKE_1, 0))
    assert set(plain.store.uploads(PREFIX)) == mine
    assert not Shredder(plain.store).is_gone(UNIT_A)
    one = next(iter(mine))
    plain.store.abort(one)
    plain.store.abort(one)
    assert Shredder(plain.store).shred(UNIT_A).uploads == 2
    assert [plain.upload_ids(key) for key in KEYS] == [[], [], []]
    assert list(plain.store.uploads(unit_prefix(UNIT_B))) == [other]


def test_an_upload_completed_late_does_not_come_back(plain: Bucket) -> None:
    """After the shred its parts are gone: completing it fails and makes no object."""
    upload = plain.begin_upload(KEYS[0])
    part = Part(1, plain.raw._upload_part(plain.name, upload.key, b"part", None, upload.upload_id, 1))
    Shredder(plain.store).shred(UNIT_A)
    with pytest.raises(S3Error, match="NoSuchUpload"):
        plain.raw._complete_multipart_upload(plain.name, upload.key, upload.upload_id, [part])
    assert plain.everything() == []


def test_what_was_stored_outlives_a_power_cut(tmp_path: Path) -> None:
    """Away is said while the server is gone; when it is back the same store serves what it acknowledged."""
    server = MinioServer(tmp_path / "drive").start()
    try:
        bucket = Bucket(server)
        bucket.store.put(KEYS[0], b"acknowledged")
        server.stop()
        with pytest.raises(StoreFailed, match="away"):
            bucket.store.put(KEYS[1], b"lost")
        server.start()
        assert bucket.store.get(KEYS[0]) == b"acknowledged"
        with pytest.raises(ObjectMissing):
            bucket.store.get(KEYS[1])
    finally:
        server.stop()


def calls(store: MinioObjects) -> dict[str, Callable[[], object]]:
    """Every call of an ObjectStore."""
    version = StoredVersion(KEYS[0], "null", False, 0)
    return {
        "put": lambda: store.put(KEYS[0], b"x"),
        "get": lambda: store.get(KEYS[0]),
        "versions": lambda: list(store.versions(PREFIX)),
        "uploads": lambda: list(store.uploads(PREFIX)),
        "abort": lambda: store.abort(Upload(KEYS[0], NEVER_BEGUN)),
        "delete": lambda: store.delete([version]),
        "check": store.check,
    }


@pytest.mark.parametrize("fault", ["away", "no bucket", "unknown user", "wrong secret"])
def test_a_store_that_cannot_be_used_says_so(minio: MinioServer, fault: str) -> None:
    """StoreFailed from every call, never ObjectMissing, never silence: missing is said of objects only."""
    bucket = "not-made" if fault == "no bucket" else minio.new_bucket()
    address, key = minio.address(bucket), ROOT
    if fault == "away":
        address = MinioAddress(f"127.0.0.1:{free_port()}", False, REGION, bucket)
    elif fault == "unknown user":
        key = MinioKey("nobody", "a-secret-of-nobody")
    elif fault == "wrong secret":
        key = MinioKey(ROOT.access_key, "another-secret")
    for name, call in calls(MinioObjects(address, key)).items():
        with pytest.raises(StoreFailed):
            call()
            pytest.fail(f"{name} did not raise")


class CutAnswers:
    """Listens, takes each request, and cuts the connection after `answer`."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.requests = 0
        self._thread = Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                if connection.recv(65_536):
                    self.requests += 1
                    connection.sendall(self._answer)

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


@pytest.fixture
def cut() -> Iterator[Callable[[bytes], tuple[CutAnswers, MinioObjects]]]:
    servers: list[CutAnswers] = []

    def make(answer: bytes) -> tuple[CutAnswers, MinioObjects]:
        servers.append(CutAnswers(answer))
        return servers[-1], MinioObjects(MinioAddress(servers[-1].endpoint, False, REGION, "bucket"), ROOT)

    yield make
    for server in servers:
        server.close()


def test_an_object_cut_short_is_a_failure_not_an_object(
    cut: Callable[[bytes], tuple[CutAnswers, MinioObjects]],
) -> None:
    """Fewer bytes than announced raise StoreFailed."""
    _, store = cut(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive!")
    with pytest.raises(StoreFailed):
        store.get(KEYS[0])


def test_a_put_whose_answer_is_lost_is_not_sent_again(
    cut: Callable[[bytes], tuple[CutAnswers, MinioObjects]],
) -> None:
    """It may have been stored: the caller decides. What may be repeated is, a named number of times."""
    for name, requests in (("put", 1), ("get", 1 + RETRIES), ("delete", 1 + RETRIES)):
        server, store = cut(b"")
        with pytest.raises(StoreFailed):
            calls(store)[name]()
        assert (name, server.requests) == (name, requests)


def test_a_busy_server_is_not_waited_for_as_long_as_it_likes(
    cut: Callable[[bytes], tuple[CutAnswers, MinioObjects]],
) -> None:
    """A minute's Retry-After is not obeyed (the test's time limit would end it): StoreFailed, soon."""
    busy = b"HTTP/1.1 503 Busy\r\nRetry-After: 3600\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    server, store = cut(busy)
    with pytest.raises(StoreFailed):
        store.get(KEYS[0])
    assert server.requests == 1 + RETRIES
