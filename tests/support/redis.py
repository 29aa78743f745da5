"""A real Redis of the test's own, with a password, on loopback."""

import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.programs import missing
from tests.support.service import free_port, wait_until

STARTED_S_MAX = 20


@contextmanager
def redis_url(folder: Path, kept: bool = False) -> Iterator[str]:
    """Its URL while it runs. `kept`: whatever it is told stays in its log of commands, below the folder.
    Skips, or fails when required, where there is no redis-server."""
    server = shutil.which("redis-server")
    if server is None:
        missing("redis", "redis-server is not installed; `apt-get install redis-server` brings it.")
        raise AssertionError
    port, password = free_port(), secrets.token_hex(16)
    log = folder / "redis.log"
    options = ["--bind", "127.0.0.1", "--port", str(port), "--requirepass", password]
    options += [
        "--save",
        "",
        "--appendonly",
        "yes" if kept else "no",
        "--dir",
        str(folder),
        "--logfile",
        str(log),
    ]
    process = subprocess.Popen([server, *options])
    try:
        ready = lambda: log.exists() and "Ready to accept connections" in log.read_text()  # noqa: E731
        wait_until(ready, STARTED_S_MAX, "Redis does not start")
        yield f"redis://:{password}@127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait()
