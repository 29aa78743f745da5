"""A real coturn of the test's own, on loopback, with a secret that it shares with the service."""

import asyncio
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from capture.publish.ice import IceServer
from capture.publish.relay import check
from tests.support.programs import missing
from tests.support.service import free_port, wait_until

STARTED_S_MAX = 20


@dataclass(frozen=True, slots=True)
class Relay:
    port: int
    secret: str

    @property
    def url(self) -> str:
        return f"turn:127.0.0.1:{self.port}?transport=udp"


def coturn_path() -> str:
    """The server's program. Skips where there is none; fails when PROCTORING_TEST_REQUIRE names `coturn`."""
    found = shutil.which("turnserver")
    if found is None:
        missing("coturn", "coturn is not installed; `apt-get install coturn` brings it.")
        raise AssertionError
    return found


def answers(port: int) -> bool:
    """Whether a STUN server on loopback does."""
    try:
        asyncio.run(check(IceServer(f"stun:127.0.0.1:{port}")))
    except OSError:
        return False
    return True


@contextmanager
def coturn(folder: Path, *more: str) -> Iterator[Relay]:
    """Answering while it runs, with these options too."""
    relay = Relay(free_port(), secrets.token_hex(16))
    log = folder / "coturn.log"
    config = folder / "turn.conf"
    config.write_text(f"static-auth-secret={relay.secret}\nuse-auth-secret\nrealm=exam.example\n")
    options = ["-c", str(config), "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1"]
    options += [
        f"--listening-port={relay.port}",
        "--allow-loopback-peers",
        "--no-cli",
        "--no-tls",
        "--no-dtls",
    ]
    options += [
        f"--log-file={log}",
        "--simple-log",
        f"--pidfile={folder / 'pid'}",
        f"--userdb={folder / 'db'}",
    ]
    process = subprocess.Popen(
        [coturn_path(), *options, *more], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_until(lambda: answers(relay.port), STARTED_S_MAX, f"coturn does not start; see {log}")
        yield relay
    finally:
        process.terminate()
        process.wait(STARTED_S_MAX)
