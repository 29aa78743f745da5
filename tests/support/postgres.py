"""A private PostgreSQL server for the tests: made once a run, spoken to over a socket in its own folder.

Each test gets a fresh database, copied from one that has the schema. Nothing is flushed to the disk: the
server is thrown away at the end.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from itertools import count
from pathlib import Path

import psycopg

from proctoring.db import Database
from proctoring.migrations import upgrade
from tests.support.programs import missing
from tests.support.service import wait_until

STARTED_S_MAX = 30
SHORT = "/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp"  # in memory, and short enough for a socket
TEMPLATE = "template_proctoring"
OPTIONS = (
    "-c", "fsync=off",
    "-c", "synchronous_commit=off",
    "-c", "full_page_writes=off",
    "-c", "autovacuum=off",
    "-c", "max_connections=60",
    "-c", "shared_buffers=32MB",
    "-c", "deadlock_timeout=100ms",
)  # fmt: skip


class PostgresServer:
    """Listens on a socket in a folder that only the server's account can enter; no port is open."""

    def __init__(self, binaries: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pg-", dir=SHORT))
        self._binaries = binaries
        self._names = count(1)
        account = unprivileged()
        self._user: int | None = None
        self._group: int | None = None
        if account is not None:
            self._user, self._group = account
            os.chown(self.folder, *account)
        self._call("initdb", "-D", str(self.data), "-U", "proctoring", "-A", "trust", "--no-sync",
                   "--encoding=UTF8", "--locale=C.UTF-8")  # fmt: skip
        log = (self.folder / "server.log").open("wb")
        self._process = subprocess.Popen(
            [self._binaries / "postgres", "-D", self.data, "-k", self.folder, "-h", "", *OPTIONS],
            stdout=log,
            stderr=log,
            user=self._user,
            group=self._group,
        )
        log.close()
        wait_until(self._answers, STARTED_S_MAX, f"PostgreSQL does not start; see {self.folder}/server.log")
        self._execute(f"create database {TEMPLATE}")
        template = Database(self.url(TEMPLATE))
        upgrade(template)
        template.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def url(self, name: str) -> str:
        """The SQLAlchemy URL of a database of this server."""
        return f"postgresql+psycopg://proctoring@/{name}?host={self.folder}"

    def fresh(self) -> str:
        """The URL of a new database with the newest schema and nothing in it."""
        name = f"test_{next(self._names)}"
        self._execute(f"create database {name} template {TEMPLATE} strategy file_copy")
        return self.url(name)

    def copied(self, url: str) -> str:
        """The URL of a new database with all that this one has. Ends who is connected to it."""
        name = f"test_{next(self._names)}"
        self._copy(_name(url), name)
        return self.url(name)

    def put_back(self, saved: str, url: str) -> None:
        """Let the database be what `copied` saved of it."""
        self.drop(url)
        self._copy(_name(saved), _name(url))

    def _copy(self, source: str, to: str) -> None:
        self._execute(f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{source}'")
        self._execute(f"create database {to} template {source} strategy file_copy")

    def drop(self, url: str) -> None:
        """Forget a database that `fresh` made; nobody uses it any more."""
        self._execute(f"drop database if exists {_name(url)} with (force)")

    def stop(self) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.wait(STARTED_S_MAX)
        shutil.rmtree(self.folder)

    def _execute(self, statement: str) -> None:
        with psycopg.connect(
            host=str(self.folder), dbname="postgres", user="proctoring", autocommit=True
        ) as connection:
            connection.execute(statement)

    def _answers(self) -> bool:
        assert self._process.poll() is None, (self.folder / "server.log").read_text()
        try:
            self._execute("select 1")
        except psycopg.OperationalError:
            return False
        return True

    def _call(self, command: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._binaries / command, *arguments],
            capture_output=True,
            text=True,
            user=self._user,
            group=self._group,
        )
        assert done.returncode == 0, done.stderr


def _name(url: str) -> str:
    return url.split("@/")[1].split("?")[0]


_running: PostgresServer | None = None


def server() -> PostgresServer:
    """The run's server. Skips the test where PostgreSQL is not installed."""
    global _running
    if _running is None:
        programs = binaries()
        if programs is None:
            missing("postgres", "PostgreSQL is not installed; `apt-get install postgresql` brings it.")
            raise AssertionError
        _running = PostgresServer(programs)
    return _running


def stop() -> None:
    """Stop the run's server, if there is one."""
    global _running
    if _running is not None:
        _running.stop()
        _running = None


def binaries() -> Path | None:
    """The newest installed server's programs."""
    on_path = shutil.which("initdb")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    return Path(on_path).resolve().parent if on_path else None


def unprivileged() -> tuple[int, int] | None:
    """The account that the server runs as when we are root, which it refuses."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        return account.pw_uid, account.pw_gid
    raise AssertionError("there is no account to run PostgreSQL as")
