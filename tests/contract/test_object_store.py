"""One contract over every object store, on a real MinIO server too, in buckets with and without versions."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from minio.commonconfig import ENABLED
from minio.versioningconfig import VersioningConfig

from storage.errors import BadName, ObjectExists, ObjectMissing, StoreFailed
from storage.objects import folder as folder_objects
from storage.objects.folder import PART_SUFFIX, FolderObjects
from storage.objects.minio import MinioObjects
from storage.objects.minio_client import s3_client
from storage.objects.naming import segment_key, unit_prefix
from storage.objects.shred import Shredder
from storage.objects.store import MemoryObjects, ObjectStore, Upload
from tests.support.minio import ROOT, MinioServer
from tests.support.names import TAKE_1, TAKE_2, UNIT_A, UNIT_B

KEY = segment_key(UNIT_A, TAKE_1, 0)
MANY = 1_050  # more than one page of a listing, more than one batch of a deletion
AT_ONCE = 8


@pytest.fixture(params=["memory", "folder", "minio", "minio-versioned"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    """Each implementation in turn."""
    if request.param == "memory":
        return MemoryObjects()
    if request.param == "folder":
        return FolderObjects(tmp_path / "objects")
    server: MinioServer = request.getfixturevalue("minio")
    address = server.address(server.new_bucket())
    if request.param == "minio-versioned":
        s3_client(address, ROOT).set_bucket_versioning(address.bucket, VersioningConfig(ENABLED))
    return MinioObjects(address, ROOT)


def test_what_is_put_is_got(store: ObjectStore) -> None:
    """The bytes come back whole, the empty object too."""
    for seq, data in enumerate([b"", b"x", bytes(range(256)) * 4096]):
        key = segment_key(UNIT_A, TAKE_1, seq)
        store.put(key, data)
        assert store.get(key) == data


def test_a_put_that_fails_leaves_nothing_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk: what waits is put again every second, and each try must not make it fuller."""
    store = FolderObjects(tmp_path / "objects")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        for _ in range(3):
            with pytest.raises(StoreFailed):
                store.put(KEY, b"x")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    store.put(KEY, b"x")
    assert store.get(KEY) == b"x"


def test_a_full_disk_is_no_working_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`/readyz` and the doctor say so before the first object does not fit."""
    store = FolderObjects(tmp_path / "objects")
    store.check()
    monkeypatch.setattr(folder_objects, "FREE_BYTES_MIN", 1 << 60)
    with pytest.raises(StoreFailed, match="free space"):
        store.check()


def test_names_are_write_once(store: ObjectStore) -> None:
    """A second put of the same name is refused and changes nothing."""
    store.put(KEY, b"first")
    with pytest.raises(ObjectExists):
        store.put(KEY, b"second")
    assert store.get(KEY) == b"first"


def test_a_missing_object_is_said_to_be_missing(store: ObjectStore) -> None:
    """Reading what is not there raises ObjectMissing."""
    with pytest.raises(ObjectMissing):
        store.get(KEY)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "x",
        "../secret",
        f"u/{UNIT_A}/../../x.pev",
        f"u/{UNIT_A}/{TAKE_1}/1.pev",
        "/etc/passwd",
        f"{KEY}\n",
    ],
)
def test_only_the_grammar_of_names_reaches_the_store(store: ObjectStore, key: str) -> None:
    """Any other path is refused before anything is touched."""
    for call in (lambda: store.put(key, b""), lambda: store.get(key)):
        with pytest.raises(BadName):
            call()
    with pytest.raises(BadName):
        list(store.versions(key))


def test_listing_shows_one_unit_and_only_that(store: ObjectStore) -> None:
    """Every object of the unit over all its takes, and none of another's."""
    for unit in (UNIT_A, UNIT_B):
        for take in (TAKE_1, TAKE_2):
            for seq in range(3):
                store.put(segment_key(unit, take, seq), b"12345")
    listed = list(store.versions(unit_prefix(UNIT_A)))
    assert len(listed) == 6
    assert all(version.key.startswith(unit_prefix(UNIT_A)) and version.size == 5 for version in listed)


def test_deleting_is_exact_and_harmless_to_repeat(store: ObjectStore) -> None:
    """What is named goes, the rest stays; deleting what is gone is no failure."""
    other = segment_key(UNIT_A, TAKE_1, 1)
    store.put(KEY, b"goes")
    store.put(other, b"stays")
    (version,) = [v for v in store.versions(unit_prefix(UNIT_A)) if v.key == KEY]
    assert store.delete([version]) == []
    assert store.delete([version]) == []
    assert store.get(other) == b"stays"
    with pytest.raises(ObjectMissing):
        store.get(KEY)


def test_shredding_leaves_nothing_of_the_unit_and_everything_of_others(store: ObjectStore) -> None:
    """The counts are what was there; a second shred finds nothing."""
    for seq in range(5):
        store.put(segment_key(UNIT_A, TAKE_1, seq), b"123")
    store.put(segment_key(UNIT_B, TAKE_1, 0), b"stays")
    shredder = Shredder(store)
    removed = shredder.shred(UNIT_A)
    assert (removed.objects, removed.bytes) == (5, 15)
    assert shredder.is_gone(UNIT_A)
    assert shredder.shred(UNIT_A).objects == 0
    assert not shredder.is_gone(UNIT_B)


def test_of_many_writers_of_one_name_one_succeeds(store: ObjectStore) -> None:
    """Put at once, one is stored whole and every other is told that the name is taken."""

    def put(key: str, writer: int) -> bool:
        try:
            store.put(key, bytes([writer]) * 70_000)
        except ObjectExists:
            return False
        return True

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for seq in range(10):
            key = segment_key(UNIT_A, TAKE_1, seq)
            stored = list(pool.map(put, [key] * AT_ONCE, range(AT_ONCE)))
            assert stored.count(True) == 1
            assert store.get(key) == bytes([stored.index(True)]) * 70_000
    assert len(list(store.versions(unit_prefix(UNIT_A)))) == 10


def test_more_than_a_page_is_listed_and_shredded(store: ObjectStore) -> None:
    """However many there are, each is listed once, and all go; another's stay."""
    keys = [segment_key(UNIT_A, TAKE_1, seq) for seq in range(MANY)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda key: store.put(key, b"12"), keys))
    store.put(segment_key(UNIT_B, TAKE_1, 0), b"stays")
    assert [version.key for version in store.versions(unit_prefix(UNIT_A))] == keys
    removed = Shredder(store).shred(UNIT_A)
    assert (removed.objects, removed.markers, removed.bytes) == (MANY, 0, MANY * 2)
    assert len(list(store.versions(unit_prefix(UNIT_B)))) == 1


def test_a_name_that_was_shredded_is_free(store: ObjectStore) -> None:
    """Nothing is left that would answer for it."""
    store.put(KEY, b"first")
    Shredder(store).shred(UNIT_A)
    store.put(KEY, b"second")
    assert store.get(KEY) == b"second"


def test_a_store_that_answers_passes_its_check(store: ObjectStore) -> None:
    """And the check leaves nothing behind."""
    store.check()
    assert list(store.versions(unit_prefix("a" * 16))) == []


def test_what_a_crashed_writer_left_is_found_and_goes(tmp_path: Path) -> None:
    """A half-written file never reads as an object, is listed as an upload, and shredding removes it."""
    store = FolderObjects(tmp_path)
    store.put(KEY, b"whole")
    half = (tmp_path / KEY).with_name(f"00000001.pev.4711{PART_SUFFIX}")
    half.write_bytes(b"ha")
    assert [version.key for version in store.versions(unit_prefix(UNIT_A))] == [KEY]
    assert [type(upload) for upload in store.uploads(unit_prefix(UNIT_A))] == [Upload]
    assert Shredder(store).shred(UNIT_A).uploads == 1
    assert list(tmp_path.rglob("*.part")) == []


def test_emptied_folders_go_too(tmp_path: Path) -> None:
    """After a shred not even the unit's folder tells that it was there."""
    store = FolderObjects(tmp_path)
    store.put(KEY, b"x")
    Shredder(store).shred(UNIT_A)
    assert not (tmp_path / "u" / UNIT_A).exists()


def test_a_folder_that_is_no_folder_is_a_store_that_is_away(tmp_path: Path) -> None:
    """Where a volume is gone, or a file stands in its place, nothing counts as stored before, and nothing is
    written beside it; once it is back everything works."""
    root = tmp_path / "objects"
    store = FolderObjects(root)
    store.put(KEY, b"x")
    root.rename(tmp_path / "away")
    for broken in (False, True):
        if broken:
            root.write_text("no folder")
        with pytest.raises(StoreFailed):
            store.put(segment_key(UNIT_A, TAKE_1, 1), b"y")
        with pytest.raises(StoreFailed):
            store.check()
        assert root.exists() == broken
    FolderObjects(root)  # a process that starts meanwhile finds it away, and does not fail
    root.unlink()
    (tmp_path / "away").rename(root)
    store.put(segment_key(UNIT_A, TAKE_1, 1), b"y")
    assert store.get(KEY) == b"x"
