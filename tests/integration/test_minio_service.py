"""The whole service on a real MinIO server: set up by command, recorded, purged, and nothing left."""

import os
from pathlib import Path

import httpx2
import pytest

from proctoring.settings.minio import secret_file
from storage.objects.minio_client import s3_client
from storage.objects.powers import Power
from tests.support.minio import REGION, ROOT, MinioServer
from tests.support.service import DEV, Service

ADMIN = {
    "PROCTORING_MINIO_ADMIN_ACCESS_KEY": ROOT.access_key,
    "PROCTORING_MINIO_ADMIN_SECRET_KEY": ROOT.secret_key,
}


def settings(server: MinioServer, bucket: str) -> dict[str, str]:
    """Of a service that keeps its recordings in the bucket, with users of its own."""
    users = {f"PROCTORING_MINIO_{power.name}_ACCESS_KEY": f"{bucket}-{power.value}" for power in Power}
    return users | {
        "PROCTORING_STORE": "minio",
        "PROCTORING_MINIO_URL": server.url,
        "PROCTORING_MINIO_REGION": REGION,
        "PROCTORING_MINIO_BUCKET": bucket,
    }


@pytest.mark.promise("P7")
def test_a_whole_life_in_minio(minio: MinioServer, tmp_path: Path) -> None:
    """`init` makes bucket, users and secrets and says so, once; the service then runs without the
    administrator's key; what it records lies in the bucket and nowhere else; a purge leaves nothing."""
    bucket = "whole-life"
    service = Service(tmp_path / "data", settings(minio, bucket) | ADMIN | DEV)
    made = service.run("init")["made"]
    assert f"bucket {bucket}" in made
    assert sum(line.startswith("user ") for line in made) == len(Power)
    assert service.run("init")["made"] == []
    files = [secret_file(service.data, power) for power in Power]
    assert [file.stat().st_mode & 0o777 for file in files] == [0o600] * len(Power)
    for name in ADMIN:
        del service.environment[name]
    assert service.run("init")["made"] == []
    assert service.run("doctor")["ok"]
    service.start()
    try:
        session_id = service.run("simulate", "--seconds", "6")["sessions"][0]
        assert httpx2.get(f"{service.url}/readyz").status_code == 200
        owner = s3_client(minio.address(bucket), ROOT)
        listed = list(owner.list_objects(bucket, recursive=True, include_version=True))
        shown = service.run("session", "show", session_id)
        assert len(listed) == sum(stream["segments"] for stream in shown["streams"]) > 0
        assert not (service.data / "objects").exists()
        assert service.run("purge", "--at", "2099-01-01T00:00:00Z")["erased"] == 3
        assert list(owner.list_objects(bucket, recursive=True, include_version=True)) == []
    finally:
        service.stop()


def test_a_power_that_a_process_lacks_is_said(minio: MinioServer, tmp_path: Path) -> None:
    """A capture process holds the ingest key alone: the doctor names the first power that is not there."""
    service = Service(tmp_path / "data", settings(minio, "lacking") | ADMIN)
    service.run("init")
    for power in (Power.READER, Power.PURGER):
        secret_file(service.data, power).unlink()
    for name in ADMIN:
        del service.environment[name]
    faults = service.run("doctor", code=1)["faults"]
    assert set(faults) == {"object store"}
    assert "reader" in faults["object store"]


def test_a_file_comes_before_a_value_and_the_value_is_in_no_output(
    minio: MinioServer, tmp_path: Path
) -> None:
    """With a right file and a wrong value the service works; with the value alone it is refused, and no
    message shows a secret."""
    service = Service(tmp_path / "data", settings(minio, "files") | ADMIN)
    service.run("init")
    wrong = "a-value-that-is-wrong"
    service.environment["PROCTORING_MINIO_READER_SECRET_KEY"] = wrong
    service.environment["PROCTORING_MINIO_READER_SECRET_KEY_FILE"] = str(
        secret_file(service.data, Power.READER)
    )
    assert service.run("doctor")["ok"]
    del service.environment["PROCTORING_MINIO_READER_SECRET_KEY_FILE"]
    answer = service.run("doctor", code=1)
    assert "init" in answer["faults"]["object store"]
    assert wrong not in str(answer)


ELSEWHERE = {"PROCTORING_MINIO_URL": "http://minio.exam.example:9000"}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"PROCTORING_MINIO_URL": ""}, "PROCTORING_MINIO_URL"),
        ({"PROCTORING_MINIO_URL": "https://minio.exam.example/path"}, "PROCTORING_MINIO_URL"),
        ({"PROCTORING_MINIO_URL": "http://minio.exam.example:9000"}, "MINIO_COUNTRY"),
        (
            {"PROCTORING_MINIO_URL": "http://minio.exam.example:9000", "PROCTORING_MINIO_COUNTRY": "BE"},
            "https",
        ),
        ({"PROCTORING_STORE": "cupboard"}, "PROCTORING_STORE"),
        ({"PROCTORING_MINIO_INGEST_SECRET_KEY_FILE": os.devnull + "/none"}, "INGEST_SECRET_KEY_FILE"),
        ({"PROCTORING_MINIO_URL": "http://127.0.0.1:1"}, "away"),
    ],
)
def test_settings_that_cannot_be_are_refused_by_name(
    tmp_path: Path, changed: dict[str, str], said: str
) -> None:
    """Exit 1 with the setting's name, or what is the matter with the server, and what to do."""
    usual = {"PROCTORING_STORE": "minio", "PROCTORING_MINIO_URL": "https://127.0.0.1:1"}
    service = Service(tmp_path / "data", usual | ADMIN | changed)
    assert said in str(service.run("init", code=1))
