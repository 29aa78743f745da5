"""Buckets that keep what is erased: told by `init` and `doctor`, and what purge does about it."""

import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from minio import Minio
from minio.commonconfig import COMPLIANCE, ENABLED, GOVERNANCE
from minio.objectlockconfig import DAYS, ObjectLockConfig
from minio.versioningconfig import SUSPENDED, VersioningConfig

from proctoring.cli import main
from proctoring.settings.settings import Settings
from storage.addresses import MinioKey
from storage.errors import NotErasable
from storage.objects.minio import MinioObjects
from storage.objects.minio_client import s3_client
from storage.objects.minio_erasable import cautions
from storage.objects.minio_setup import set_up
from storage.objects.powers import Power
from tests.support.minio import REGION, ROOT, MinioServer
from tests.support.world import World

Command = Callable[..., Result]


@pytest.fixture
def admin(minio: MinioServer) -> Minio:
    return s3_client(minio.address("any"), ROOT)


@pytest.fixture
def command(minio: MinioServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command line over a bucket of that name."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"PROCTORING_{name.upper()}", raising=False)

    def run(bucket: str, *arguments: str) -> Result:
        settings = {
            "STORE": "minio",
            "MINIO_URL": minio.url,
            "MINIO_REGION": REGION,
            "MINIO_BUCKET": bucket,
            "MINIO_ADMIN_ACCESS_KEY": ROOT.access_key,
            "MINIO_ADMIN_SECRET_KEY": ROOT.secret_key,
            **{f"MINIO_{power.upper()}_ACCESS_KEY": f"{bucket}-{power.value}" for power in Power},
        }
        env = {f"PROCTORING_{name}": value for name, value in settings.items()}
        return CliRunner().invoke(main, [*arguments, "--data", f"data-{bucket}"], env=env)

    return run


def found(doctor: Result) -> dict[str, Any]:
    checks = json.loads(doctor.stdout)["checks"]
    return next(check for check in checks if check["name"] == "erasure")


@pytest.mark.promise("P8")
@pytest.mark.parametrize("mode", [COMPLIANCE, GOVERNANCE])
def test_a_bucket_with_a_retention_is_refused(
    minio: MinioServer, admin: Minio, command: Command, mode: str
) -> None:
    """`init` fails with what to do, however often; the doctor fails too."""
    bucket = minio.new_bucket(object_lock=True)
    admin.set_object_lock_config(bucket, ObjectLockConfig(mode, 1, DAYS))
    for _ in range(2):
        done = command(bucket, "init")
        assert done.exit_code == 1
        assert "default retention" in done.stderr
        assert "bucket of their own" in done.stderr
    doctor = command(bucket, "doctor", "--json")
    assert doctor.exit_code == 1
    assert not found(doctor)["passed"]
    assert found(doctor)["remedy"]


def test_a_bucket_that_could_keep_an_object_is_warned_of(
    minio: MinioServer, admin: Minio, command: Command
) -> None:
    """Object Lock without a retention, versions that are on or suspended: all works, and is told."""
    locked, versioned = minio.new_bucket(object_lock=True), minio.new_bucket()
    admin.set_bucket_versioning(versioned, VersioningConfig(ENABLED))
    admin.set_bucket_versioning(versioned, VersioningConfig(SUSPENDED))
    for bucket, word in ((locked, "Object Lock"), (versioned, "suspended")):
        done = command(bucket, "init")
        assert done.exit_code == 0, done.output
        assert "CAREFUL" in done.stdout
        assert word in done.stdout
        doctor = command(bucket, "doctor", "--json")
        assert doctor.exit_code == 0
        assert (found(doctor)["passed"], found(doctor)["careful"]) == (True, True)
        assert word in found(doctor)["detail"]
        assert "WARN  erasure" in command(bucket, "doctor").stdout


def test_a_bucket_of_our_own_keeps_nothing(minio: MinioServer, command: Command) -> None:
    """Neither fault nor caution."""
    bucket = f"own-{secrets.token_hex(4)}"
    assert "CAREFUL" not in command(bucket, "init").stdout
    assert not found(command(bucket, "doctor", "--json"))["careful"]


def test_the_purger_alone_learns_of_a_lock(minio: MinioServer, admin: Minio) -> None:
    """As the worker's own doctor asks, without the administrator's key."""
    address = minio.address(minio.new_bucket(object_lock=True))
    users = {power: MinioKey(f"{address.bucket}-{power.value}", secrets.token_urlsafe(30)) for power in Power}
    set_up(address, ROOT, users)
    assert ["Object Lock" in one for one in cautions(address, users[Power.PURGER])] == [True]
    admin.set_object_lock_config(address.bucket, ObjectLockConfig(COMPLIANCE, 1, DAYS))
    with pytest.raises(NotErasable):
        cautions(address, users[Power.PURGER])


@pytest.mark.promise("P8")
def test_one_object_that_cannot_go_stops_no_other(minio: MinioServer, admin: Minio, tmp_path: Path) -> None:
    """Its unit is named and has no certificate; all else goes. Once it may go, the next pass certifies."""
    bucket = minio.new_bucket(object_lock=True)
    address = minio.address(bucket)
    users = {power: MinioKey(f"{bucket}-{power.value}", secrets.token_urlsafe(30)) for power in Power}
    set_up(address, ROOT, users)
    world = World(tmp_path, objects=MinioObjects(address, users[Power.INGEST]))
    begun = world.admitted()
    takes = [world.record(begun, stream) for stream in world.exam().profile.streams]
    world.clock.move(days=200)
    held = next(iter(admin.list_objects(bucket, f"u/{takes[0].take.unit_id}/", True, include_version=True)))
    assert held.object_name is not None
    admin.enable_object_legal_hold(bucket, held.object_name, held.version_id)
    eraser = world.new_eraser(MinioObjects(address, users[Power.PURGER]))
    outcomes = {one.line.unit_id: one for one in eraser.run(confirmed=True)}
    failed = outcomes.pop(takes[0].take.unit_id)
    assert (failed.certificate_id, "1 deletions failed" in (failed.failure or "")) == (None, True)
    assert outcomes
    assert all(one.certificate_id for one in outcomes.values())
    assert [one.object_name for one in admin.list_objects(bucket, recursive=True)] == [held.object_name]
    admin.disable_object_legal_hold(bucket, held.object_name, held.version_id)
    (last,) = eraser.run(confirmed=True)
    assert last.certificate_id
    world.core.db.close()
