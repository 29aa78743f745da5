"""Least privilege on the real server: each power can do its own work, and the others' is refused."""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from minio import Minio
from minio.deleteobjects import DeleteObject
from minio.error import MinioAdminException, S3Error

from storage.addresses import MinioAddress, MinioKey
from storage.errors import ObjectExists, ObjectMissing, StoreFailed
from storage.objects.minio import MinioObjects
from storage.objects.minio_client import admin_client, s3_client
from storage.objects.minio_setup import policy_name, set_up
from storage.objects.naming import segment_key, unit_prefix
from storage.objects.powers import Power
from storage.objects.shred import Shredder
from tests.support.minio import ROOT, MinioServer
from tests.support.names import TAKE_1, TAKE_2, UNIT_A

KEY = segment_key(UNIT_A, TAKE_1, 0)
FREE = segment_key(UNIT_A, TAKE_2, 0)


@dataclass
class Site:
    """A bucket with its three users, made by `set_up`, and a neighbour's bucket on the same server."""

    address: MinioAddress
    users: dict[Power, MinioKey]
    made: list[str]
    neighbour: str

    def store(self, power: Power) -> MinioObjects:
        return MinioObjects(self.address, self.users[power])

    def again(self) -> list[str]:
        return set_up(self.address, ROOT, self.users)


@pytest.fixture
def site(minio: MinioServer) -> Site:
    name = f"site-{secrets.token_hex(4)}"
    address = minio.address(name)
    users = {power: MinioKey(f"{name}-{power.value}", secrets.token_urlsafe(30)) for power in Power}
    neighbour = minio.new_bucket()
    s3_client(address, ROOT)._put_object(neighbour, KEY, b"the neighbour's")
    return Site(address, users, set_up(address, ROOT, users), neighbour)


def acts(client: Minio, bucket: str, neighbour: str, upload_id: str) -> dict[str, Callable[[], object]]:
    """What a user may try, each as one bare request."""
    return {
        "put": lambda: client._put_object(bucket, FREE, b"x"),
        "put outside": lambda: client._put_object(bucket, "elsewhere", b"x"),
        "get": lambda: client.get_object(bucket, KEY).release_conn(),
        "stat": lambda: client.stat_object(bucket, KEY),
        "list": lambda: list(client.list_objects(bucket, recursive=True)),
        "list versions": lambda: list(client.list_objects(bucket, recursive=True, include_version=True)),
        "list uploads": lambda: client._list_multipart_uploads(bucket),
        "list parts": lambda: client._list_parts(bucket, KEY, upload_id),
        "delete": lambda: client.remove_object(bucket, KEY),
        "delete version": lambda: client.remove_object(bucket, KEY, "null"),
        "delete batch": lambda: _raise_first(client, bucket),
        "abort": lambda: client._abort_multipart_upload(bucket, KEY, upload_id),
        "neighbour get": lambda: client.get_object(neighbour, KEY).release_conn(),
        "neighbour put": lambda: client._put_object(neighbour, FREE, b"x"),
        "neighbour delete": lambda: client.remove_object(neighbour, KEY),
        "neighbour list": lambda: list(client.list_objects(neighbour)),
        "bucket delete": lambda: client.remove_bucket(bucket),
        "bucket make": lambda: client.make_bucket(f"{bucket}-2"),
        "bucket policy": lambda: client.set_bucket_policy(bucket, "{}"),
        "versioning": lambda: client.get_bucket_versioning(bucket),
    }


def _raise_first(client: Minio, bucket: str) -> None:
    for error in client.remove_objects(bucket, [DeleteObject(KEY, "null")]):
        raise PermissionError(error.code)


ALLOWED = {
    Power.INGEST: {"put", "abort"},
    Power.READER: {"get", "stat"},
    Power.PURGER: {
        "list", "list versions", "list uploads", "delete", "delete version", "delete batch", "abort",
    },
}  # fmt: skip


@pytest.mark.promise("P12")
@pytest.mark.parametrize("power", Power)
def test_the_wrong_power_is_refused(site: Site, power: Power) -> None:
    """Of everything a user may try, exactly what the design gives to its power is done."""
    owner = s3_client(site.address, ROOT)
    done = set()
    client = s3_client(site.address, site.users[power])
    bucket = site.address.bucket
    names = acts(client, bucket, site.neighbour, "")
    for name in names:
        owner._put_object(bucket, KEY, b"evidence")  # each act finds the same bucket
        upload_id = owner._create_multipart_upload(bucket, KEY, {})
        try:
            acts(client, bucket, site.neighbour, upload_id)[name]()
            done.add(name)
        except S3Error as error:
            assert error.code == "AccessDenied", f"{name}: {error}"
        except PermissionError as error:
            assert str(error) == "AccessDenied", name
    assert done == ALLOWED[power]
    with pytest.raises(MinioAdminException):
        admin_client(site.address, site.users[power]).user_list()


def test_each_power_does_its_work_through_its_own_store(site: Site) -> None:
    """Ingest writes once and cannot look; the reader reads; the purger removes all and never reads."""
    ingest, reader, purger = (site.store(power) for power in Power)
    ingest.put(KEY, b"sealed")
    with pytest.raises(ObjectExists):
        ingest.put(KEY, b"other")
    assert reader.get(KEY) == b"sealed"
    with pytest.raises(ObjectMissing):
        reader.get(FREE)
    for call in (lambda: ingest.get(KEY), lambda: purger.get(KEY), lambda: purger.put(FREE, b"")):
        with pytest.raises(StoreFailed, match="power"):
            call()
    with pytest.raises(StoreFailed, match="power"):
        list(ingest.versions(unit_prefix(UNIT_A)))
    (version,) = purger.versions(unit_prefix(UNIT_A))
    for store in (ingest, reader):
        assert len(store.delete([version])) == 1
    assert reader.get(KEY) == b"sealed"
    assert Shredder(purger).shred(UNIT_A).objects == 1
    with pytest.raises(ObjectMissing):
        reader.get(KEY)


def test_each_power_passes_its_own_check_and_a_missing_bucket_fails_it(site: Site) -> None:
    """With nothing but its own rights; a bucket that is gone is noticed by each."""
    for power in Power:
        site.store(power).check()
    s3_client(site.address, ROOT).remove_bucket(site.address.bucket)
    for power in Power:
        with pytest.raises(StoreFailed, match="no such bucket"):
            site.store(power).check()


def test_setting_up_says_what_it_made_and_is_harmless_to_repeat(site: Site) -> None:
    """One bucket without versions; a policy, a user and its power thrice; the second time nothing."""
    name = site.address.bucket
    assert site.made[0] == f"bucket {name}"
    assert len(site.made) == 1 + 3 * len(Power)
    assert site.again() == []
    assert s3_client(site.address, ROOT).get_bucket_versioning(name).status not in ("Enabled", "Suspended")


def test_setting_up_mends_what_was_changed(site: Site) -> None:
    """A widened policy, another policy, another secret, a deleted user: each is put right, and said."""
    server, bucket = admin_client(site.address, ROOT), site.address.bucket
    name, reader = policy_name(Power.READER, bucket), site.users[Power.READER]
    wide = json.loads(server.policy_list())[name]
    wide["Statement"][0]["Action"].append("s3:DeleteObject")
    server.policy_add(name, policy=wide)
    assert site.again() == [f"policy {name}"]
    server.policy_set("readwrite", user=reader.access_key)
    assert site.again() == [f"power of {reader.access_key}: reader"]
    server.user_add(reader.access_key, "quite-another-secret")
    assert site.again() == [f"secret key of {reader.access_key}"]
    server.user_remove(reader.access_key)
    assert site.again() == [f"user {reader.access_key}", f"power of {reader.access_key}: reader"]
    assert site.again() == []
    site.store(Power.READER).check()


def test_setting_up_needs_the_administrators_key(site: Site) -> None:
    """With a single power's key nothing is made; a secret that MinIO would cut or refuse is refused here."""
    with pytest.raises(StoreFailed):
        set_up(site.address, site.users[Power.PURGER], site.users)
    short = site.users | {Power.INGEST: MinioKey("someone", "short")}
    with pytest.raises(StoreFailed, match="8 to 40"):
        set_up(site.address, ROOT, short)
