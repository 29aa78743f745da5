"""Setting up of PostgreSQL as its image does it from the environment, by the programs of this machine."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from signal import SIGINT

from tests.support.postgres import binaries, unprivileged
from tests.support.programs import missing

STOPPED_S_MAX = 60


class NativePostgres:
    """Started when this returns, perhaps not answering yet. Its files lie where its account may go, for it
    refuses to run as root. Nothing is flushed to the disk: it is thrown away at the end."""

    def __init__(self, environment: Mapping[str, str], port: int) -> None:
        programs = binaries()
        if programs is None:
            missing("postgres", "PostgreSQL is not installed; `apt-get install postgresql` brings it.")
            raise AssertionError
        self.folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
        account = unprivileged()
        user, group = account or (None, None)
        password = self.folder / "password"
        password.write_bytes(Path(environment["POSTGRES_PASSWORD_FILE"]).read_bytes())
        if account:
            for path in (self.folder, password):
                os.chown(path, *account)
        arguments = ["-D", str(self.folder / "data"), "-U", environment["POSTGRES_USER"], "--no-sync"]
        arguments += [f"--pwfile={password}", *environment["POSTGRES_INITDB_ARGS"].split()]
        env = {"PATH": os.environ["PATH"]}
        subprocess.run(
            [programs / "initdb", *arguments],
            check=True,
            capture_output=True,
            env=env,
            user=user,
            group=group,
        )
        password.unlink()
        single: list[str | Path] = [programs / "postgres", "--single", "-D", self.folder / "data", "postgres"]
        create = f'create database "{environment["POSTGRES_DB"]}"\n'.encode()
        subprocess.run(single, input=create, check=True, capture_output=True, env=env, user=user, group=group)
        options = ["-h", "127.0.0.1", "-p", str(port), "-k", str(self.folder), "-c", "fsync=off"]
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [programs / "postgres", "-D", self.folder / "data", *options],
                stdout=log,
                stderr=log,
                env=env,
                user=user,
                group=group,
            )

    def stop(self) -> None:
        """Ended and forgotten."""
        self.process.send_signal(SIGINT)
        self.process.wait(STOPPED_S_MAX)
        shutil.rmtree(self.folder)
