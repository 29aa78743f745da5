"""Shredding in a store that keeps versions, markers and uploads: asked of the store itself what is left."""

import pytest

from storage.objects.naming import segment_key
from storage.objects.shred import Shredder
from tests.support.names import TAKE_1, TAKE_2, UNIT_A, UNIT_B
from tests.support.versioned import VersionedObjects

KEY, OTHER = segment_key(UNIT_A, TAKE_1, 0), segment_key(UNIT_A, TAKE_2, 0)


@pytest.fixture
def store() -> VersionedObjects:
    """Unit A: two versions of one object, another hidden by a marker, an upload. Unit B: one of each."""
    made = VersionedObjects()
    made.put(KEY, b"first")
    made.overwrite(KEY, b"second")
    made.put(OTHER, b"hidden")
    made.hide(OTHER)
    made.begin_upload(segment_key(UNIT_A, TAKE_1, 1))
    made.put(segment_key(UNIT_B, TAKE_1, 0), b"other")
    made.hide(segment_key(UNIT_B, TAKE_1, 0))
    made.begin_upload(segment_key(UNIT_B, TAKE_1, 1))
    return made


@pytest.mark.promise("P7")
def test_no_version_no_marker_and_no_upload_is_left(store: VersionedObjects) -> None:
    """All of the unit goes, counted by kind; all of another unit's stays."""
    removed = Shredder(store).shred(UNIT_A)
    assert store.everything(UNIT_A) == []
    assert (removed.objects, removed.markers, removed.uploads, removed.bytes) == (3, 1, 1, 17)
    assert len(store.everything(UNIT_B)) == 3


def test_a_marker_or_an_upload_alone_is_not_gone() -> None:
    """Either tells that something was there."""
    for leave in ("marker", "upload"):
        store = VersionedObjects()
        if leave == "marker":
            store.hide(KEY)
        else:
            store.begin_upload(KEY)
        shredder = Shredder(store)
        assert not shredder.is_gone(UNIT_A)
        shredder.shred(UNIT_A)
        assert store.everything(UNIT_A) == []
        assert shredder.is_gone(UNIT_A)


def test_a_sweep_keeps_what_it_is_told_to(store: VersionedObjects) -> None:
    """Every version of the kept object stays; the rest and every upload goes."""
    removed = Shredder(store).sweep(UNIT_A, {KEY})
    assert store.everything(UNIT_A) == [KEY, KEY]
    assert (removed.objects, removed.markers, removed.uploads) == (1, 1, 1)
