"""docker-compose.yml without containers: the same processes, on loopback, each seeing only its own files.

Commands, environment, secrets and the order of starting are read from the file. Replaced are only images by
programs of this machine, host names and ports by free ports of loopback, and what is mounted by links below a
folder per service. By hand: `python -m tests.support.topology`.

Not the same: nothing keeps a process here from files and networks of another; it is only not told of them.
"""

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support import composefile
from tests.support.composefile import Mount, ServiceSpec
from tests.support.coturn import coturn_path
from tests.support.minio import minio_path
from tests.support.native_postgres import NativePostgres
from tests.support.programs import missing
from tests.support.service import clean_environment, free_port, free_udp_ports, wait_until

HEALTHY_S_MAX = 120
STOPPED_S_MAX = 60
COMMAND_S_MAX = 180
CAPTURE_PROCESSES = 2
LOOPBACK = "127.0.0.1"
PUBLIC = "192.0.2.1"  # of documentation (RFC 5737): stands for the host, and becomes LOOPBACK
ENTRYPOINT = {"proctoring": ["proctoring"], "pgsty/silo": ["minio"]}
DRIVE = "/objects"  # MinIO refuses a drive that is a link, so that it is a folder where it is mounted
ONLY_LOOPBACK = {
    "redis": " --bind 127.0.0.1",
    "coturn/coturn": " --listening-ip=127.0.0.1 --relay-ip=127.0.0.1",
}
"""Options that keep a program off this machine's other addresses, where a container's network does it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is started for a service, and where."""

    command: list[str]
    environment: dict[str, str]
    healthcheck: list[str] | None
    root: Path


class Topology:
    """The whole service in its distributed shape; `folder` stands for the one that holds the file."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.folder = folder
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.url = f"https://{LOOPBACK}:{free_port()}"
        media_port = free_udp_ports(CAPTURE_PROCESSES)
        self.variables = {
            "PROCTORING_PUBLIC_URL": self.url,
            "PROCTORING_REGION": "BE",
            "PROCTORING_CONTROLLER_NAME": "Examination body",
            "PROCTORING_CONTROLLER_EMAIL": "privacy@exam.example",
            "PUBLIC_ADDRESS": PUBLIC,
            "CAPTURE_PROCESSES": str(CAPTURE_PROCESSES),
            "MEDIA_PORT": str(media_port),
            "MEDIA_PORT_LAST": str(media_port + CAPTURE_PROCESSES - 1),
            "FRONT_NETWORK": LOOPBACK,
        } | variables
        self.services = composefile.read(self.variables)
        self.ports = {
            name: {port: free_port() for port in spec.ports} for name, spec in self.services.items()
        }
        self.ports["caddy"][443] = int(self.url.rpartition(":")[2])
        programs = (folder / "bin", Path(sys.executable).parent)
        self._path = os.pathsep.join([*map(str, programs), os.environ["PATH"], "/usr/sbin"])
        self._postgres: NativePostgres | None = None

    @property
    def authority(self) -> Path:
        """The certificate of Caddy's own authority, which vouches for `url` here."""
        return self.folder / "data" / "caddy" / "caddy" / "pki" / "authorities" / "local" / "root.crt"

    def plan(self, name: str) -> Plan:
        """How the service is started here. Pure but for the ports, which were chosen once."""
        spec = self.services[name]
        root = self.folder / "roots" / name
        command = [*ENTRYPOINT.get(spec.image.partition(":")[0], []), *spec.command]
        command[-1] += ONLY_LOOPBACK.get(spec.image.partition(":")[0], "")
        env = clean_environment() | {key: self._here(spec, value) for key, value in spec.environment.items()}
        env |= {"PATH": self._path, "SSL_CERT_FILE": str(self.authority)}
        return Plan(
            [self._own(spec, word) for word in command],
            env,
            [self._own(spec, word) for word in spec.healthcheck] if spec.healthcheck else None,
            root,
        )

    def start(self) -> "Topology":
        """Every secret made, every service healthy when this returns."""
        _demand_programs(self.folder / "bin")
        (self.folder / "data").mkdir(exist_ok=True)
        self.run("init", "--secrets")
        for name in self.services:
            self._start(name)
        for name, spec in self.services.items():
            if spec.healthcheck:
                self._wait(name, "service_healthy")
        return self

    def stop(self) -> None:
        """As an operator stops it, the last started first."""
        for process in reversed(self.processes.values()):
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            process.wait(STOPPED_S_MAX)
        self.processes.clear()
        if self._postgres is not None:
            self._postgres.stop()

    def run(self, *arguments: str, code: int = 0, service: str = "operator") -> dict[str, Any]:
        """A subcommand where `docker compose run SERVICE` runs it; its answer."""
        plan = self.plan(service)
        self._mount(self.services[service], plan.root)
        done = subprocess.run(
            ["proctoring", *arguments, "--json"],
            executable=shutil.which("proctoring", path=self._path),
            capture_output=True,
            text=True,
            timeout=COMMAND_S_MAX,
            env=plan.environment,
            cwd=plan.root,
        )
        assert done.returncode == code, f"{arguments}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        answer: dict[str, Any] = json.loads(done.stdout or done.stderr)
        return answer

    def log(self, name: str) -> str:
        """What the service has written so far."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def _start(self, name: str) -> None:
        if name in self.processes:
            return
        spec = self.services[name]
        for other, condition in spec.waits_for.items():
            self._start(other)
            self._wait(other, condition)
        plan = self.plan(name)
        self._mount(spec, plan.root)
        if spec.image.startswith("postgres:"):
            self._postgres = NativePostgres(plan.environment, self.ports[name][5432])
            self.processes[name] = self._postgres.process
        else:
            with (self.folder / f"{name}.log").open("ab") as log:
                self.processes[name] = subprocess.Popen(
                    plan.command,
                    executable=shutil.which(plan.command[0], path=self._path),
                    stdout=log,
                    stderr=log,
                    env=plan.environment,
                    cwd=plan.root,
                )

    def _wait(self, name: str, condition: str) -> None:
        process = self.processes[name]
        if condition == "service_completed_successfully":
            assert process.wait(HEALTHY_S_MAX) == 0, f"{name}: {self.log(name)}; {self._ended()}"
        elif condition == "service_healthy":
            wait_until(lambda: self.healthy(name), HEALTHY_S_MAX, f"{name} is not healthy")

    def healthy(self, name: str) -> bool:
        """Whether the service's health check passes. Fails when the process has ended."""
        assert self.processes[name].poll() is None, f"{name} has ended: {self.log(name)[-3000:]}"
        plan = self.plan(name)
        assert plan.healthcheck is not None
        done = subprocess.run(plan.healthcheck, env=plan.environment, cwd=plan.root, capture_output=True)
        return done.returncode == 0

    def _ended(self) -> dict[str, str]:
        """What those that have stopped by themselves wrote last."""
        ended = [name for name, process in self.processes.items() if process.poll()]
        return {name: self.log(name)[-1000:] for name in ended}

    def _mount(self, spec: ServiceSpec, root: Path) -> None:
        for mount in sorted(spec.mounts, key=lambda one: one.target):
            self._mount_one(spec, mount, root / mount.target.lstrip("/"))

    def _mount_one(self, spec: ServiceSpec, mount: Mount, at: Path) -> None:
        if at.is_symlink() or (at.is_dir() and not isinstance(mount.source, str)):
            return
        if mount.source is None or mount.target == DRIVE:
            at.mkdir(parents=True)
            return
        at.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(mount.source, Path):
            at.symlink_to(self.folder / mount.source)
        else:
            at.write_text(self._ports(spec, self._hosts(mount.source)))

    def _own(self, spec: ServiceSpec, word: str) -> str:
        """A word of the service's command or health check: its own ports, and as `_here`.

        Folders last: a port's number in the name of a folder of this machine is no port.
        """
        if word == "0.0.0.0":
            return LOOPBACK
        if re.fullmatch(r":\d+", word):
            word = LOOPBACK + word
        return self._folders(spec, self._ports(spec, self._hosts(word)))

    def _ports(self, spec: ServiceSpec, text: str) -> str:
        for port, here in self.ports[spec.name].items():
            text = re.sub(rf"(?<![\d.]){port}(?![\d.])", str(here), text)
        return text

    def _here(self, spec: ServiceSpec, word: str) -> str:
        """The word with the hosts and paths of this machine for those of a container."""
        return self._folders(spec, self._hosts(word))

    def _folders(self, spec: ServiceSpec, word: str) -> str:
        tops = {mount.target.split("/")[1] for mount in spec.mounts} | {"data", "tmp"}
        path = rf"(?<![\w:/.])/({'|'.join(sorted(tops))})(?![\w-])"
        return re.sub(path, rf"{self.folder}/roots/{spec.name}/\1", word)

    def _hosts(self, word: str) -> str:
        for name, ports in self.ports.items():
            for port, here in ports.items():
                word = re.sub(
                    rf"(?<![\w.-])({name}|{re.escape(PUBLIC)}):{port}\b", f"{LOOPBACK}:{here}", word
                )
        return word.replace(PUBLIC, LOOPBACK)


def _demand_programs(folder: Path) -> None:
    """Every program of the images is there. Skips, or fails when required, where one is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = {"caddy": "caddy", "wget": "caddy", "redis-server": "redis", "redis-cli": "redis"}
    for name, part in parts.items():
        if shutil.which(name) is None:
            missing(part, f"{name} is not installed; `make test-tools` brings it.")
    coturn_path()
    if not (folder / "minio").exists():
        (folder / "minio").symlink_to(minio_path())


def main() -> None:
    """Start it, say where it is, stop it at Ctrl-C."""
    folder = Path(tempfile.mkdtemp(prefix="proctoring-"))
    topology = Topology(folder)
    try:
        topology.start()
        link = topology.run("user", "add", f"Reviewer {secrets.token_hex(2)}", "--role", "proctor")
        print(f"{topology.url}, trust {topology.authority}\nreviewer: {link['sign_in_url']}\n{folder}/*.log")
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        pass
    finally:
        topology.stop()


if __name__ == "__main__":
    main()
