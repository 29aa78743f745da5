"""A real MinIO server of the tests' own: loopback, a free port, a temporary folder, its own credentials."""

import os
import secrets
import subprocess
from pathlib import Path

from storage.addresses import MinioAddress, MinioKey
from storage.errors import StoreFailed
from storage.objects.minio import MinioObjects
from storage.objects.minio_client import s3_client
from tests.support.programs import program
from tests.support.service import free_port, wait_until

STARTED_S_MAX = 60
ROOT = MinioKey("root-of-the-tests", "a-secret-of-the-tests")
REGION = "eu-central-1"
NO_BUCKET = "never-made"


class MinioServer:
    """Versions, markers, uploads, users and policies as an exam body's server has them. May be stopped and
    started again over the same folder and port."""

    def __init__(self, folder: Path) -> None:
        self._binary = minio_path()
        self.folder = folder
        self.endpoint = f"127.0.0.1:{free_port()}"
        self.url = f"http://{self.endpoint}"
        self.log = folder.parent / f"{folder.name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def address(self, bucket: str) -> MinioAddress:
        return MinioAddress(self.endpoint, False, REGION, bucket)

    def new_bucket(self, object_lock: bool = False) -> str:
        """A bucket that no other test uses, without versions unless it is to hold objects locked."""
        bucket = f"bucket-{secrets.token_hex(6)}"
        s3_client(self.address(bucket), ROOT).make_bucket(bucket, object_lock=object_lock)
        return bucket

    def start(self) -> "MinioServer":
        """Answering when this returns."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._binary, "server", "--quiet", "--address", self.endpoint, str(self.folder)],
                stdout=log,
                stderr=log,
                env={
                    "PATH": os.environ["PATH"],
                    "HOME": str(self.folder.parent),
                    "MINIO_ROOT_USER": ROOT.access_key,
                    "MINIO_ROOT_PASSWORD": ROOT.secret_key,
                    "MINIO_SITE_REGION": REGION,
                    "MINIO_BROWSER": "off",
                    "MINIO_UPDATE": "off",
                },
            )
        wait_until(self._answers, STARTED_S_MAX, f"MinIO does not answer; see {self.log}")
        return self

    def stop(self) -> None:
        """As a power cut does; what was acknowledged is on the disk."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(STARTED_S_MAX)
            self._process = None

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"MinIO has stopped: {self.log.read_text()[-2000:]}"
        try:
            MinioObjects(self.address(NO_BUCKET), ROOT).check()
        except StoreFailed as error:
            return "no such bucket" in str(error)  # it knows its users; /minio/health/ready is sooner true
        return True


def minio_path() -> str:
    """The server's program; see `program`."""
    return program("minio", "minio", "MinIO is not installed; with Go at hand, `make test-tools` builds it.")
