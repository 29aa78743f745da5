"""A real OpenBao server of the tests' own: loopback, a free port, in memory, its own root token."""

import os
import subprocess
from pathlib import Path

import hvac
from requests import RequestException

from storage.addresses import TransitAddress
from tests.support.programs import program
from tests.support.service import free_port, wait_until

STARTED_S_MAX = 60
ROOT_TOKEN = "root-of-the-tests"


class OpenBaoServer:
    """Unsealed, with nothing in it. What it held is gone when it is stopped."""

    def __init__(self, folder: Path) -> None:
        self._binary = openbao_path()
        self._folder = folder
        self.address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{self.address}"
        self.log = folder / "openbao.log"
        self.root_login = folder / "root.login"
        self.root_login.write_text(ROOT_TOKEN)
        self.root = hvac.Client(url=self.url, token=ROOT_TOKEN)
        self._process: subprocess.Popen[bytes] | None = None

    def engine(self, mount: str) -> TransitAddress:
        return TransitAddress(self.url, mount)

    def start(self) -> "OpenBaoServer":
        """Answering when this returns."""
        options = ["-dev", f"-dev-root-token-id={ROOT_TOKEN}", f"-dev-listen-address={self.address}"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._binary, "server", *options, "-dev-no-store-token"],
                stdout=log,
                stderr=log,
                env={"PATH": os.environ["PATH"], "HOME": str(self._folder)},
            )
        wait_until(self._answers, STARTED_S_MAX, f"OpenBao does not answer; see {self.log}")
        return self

    def stop(self) -> None:
        """At once."""
        self.root.adapter.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait(STARTED_S_MAX)
            self._process = None

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"OpenBao has stopped: {self.log.read_text()[-2000:]}"
        try:
            return bool(self.root.lookup_token()["data"])
        except (RequestException, hvac.exceptions.VaultError):
            return False


def openbao_path() -> str:
    """The server's program; see `program`."""
    return program("bao", "openbao", "OpenBao is not installed; `make test-tools` fetches it.")
