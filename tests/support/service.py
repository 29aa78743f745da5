"""The service as its users start it: `proctoring serve` in a process of its own, and the command line."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2

STARTED_S_MAX = 120
COMMAND_S_MAX = 120
POLL_S = 0.1
PORTS = range(20_000, 32_000)  # below Linux's own choice (ip_local_port_range)
DEV = {"PROCTORING_ENV": "dev"}
"""For who purges as of a later day, which production refuses, or comes back after weeks."""


class Service:
    """One `proctoring serve`, or another `command`, over one data folder; may be killed and started again."""

    def __init__(
        self, data: Path, environment: Mapping[str, str] | None = None, command: Sequence[str] = ()
    ) -> None:
        self.data = data
        self.command = list(command or _command("serve"))
        self.environment = dict(environment or {})
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        self._clients: list[httpx2.Client] = []
        self.log = data.parent / f"{data.name}.log"

    def start(self, **settings: str) -> "Service":
        """Serving, with these environment variables, when this returns."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self.command, "--data", str(self.data), "--port", str(self.port)],
                stdout=log,
                stderr=log,
                env=clean_environment() | self.environment | settings,
            )
        wait_until(self._answers, STARTED_S_MAX, f"the service does not answer; see {self.log}")
        return self

    @property
    def pid(self) -> int:
        """Of the serving process, while it runs."""
        assert self._process is not None
        return self._process.pid

    def stop(self) -> None:
        """As an operator stops it (SIGTERM)."""
        while self._clients:
            self._clients.pop().close()
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """As a power cut does (SIGKILL)."""
        self._end(signal.SIGKILL)

    def run(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        """A subcommand with --json on the same data folder; its answer. Fails on another exit code."""
        done = subprocess.run(
            [*_command(*arguments), "--data", str(self.data), "--json"],
            capture_output=True,
            text=True,
            timeout=COMMAND_S_MAX,
            env=clean_environment() | self.environment,
        )
        assert done.returncode == code, f"{arguments}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        text = done.stdout or done.stderr
        answer: dict[str, Any] = json.loads(text)
        return answer

    def invite(self, *exam_options: str) -> dict[str, Any]:
        """An exam and a session of it: what `session create` answers, with the exam's id."""
        exam = self.run("exam", "create", "--title", "Module 2", "--objection-days", "14", *exam_options)
        session = self.run("session", "create", "--exam", exam["exam_id"], "--candidate", "C-48217")
        return exam | session

    def sign_in_url(self, name: str, role: str) -> str:
        """A one-time link for a new staff member."""
        url: str = self.run("user", "add", name, "--role", role)["sign_in_url"]
        return url

    def signed_in(self, name: str, role: str) -> httpx2.Client:
        """A client with that new staff member's login, closed when the service stops."""
        # The server closes a connection that was idle for five seconds: never use one so old.
        idle = httpx2.Limits(keepalive_expiry=2)
        client = httpx2.Client(base_url=self.url, timeout=30, limits=idle)
        answer = client.post(self.sign_in_url(name, role), follow_redirects=False)
        assert answer.status_code == 303, answer.text
        self._clients.append(client)
        return client

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"the service has stopped: {self.log.read_text()[-2000:]}"
        try:
            return httpx2.get(f"{self.url}/healthz", timeout=2).status_code == 200
        except httpx2.TransportError:
            return False

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(STARTED_S_MAX)
            self._process = None


def wait_until(holds: Any, seconds_max: float, otherwise: str) -> None:
    """Return as soon as `holds()` is true; fail with `otherwise` when it never is."""
    deadline = time.monotonic() + seconds_max
    while not holds():
        assert time.monotonic() < deadline, otherwise
        time.sleep(POLL_S)


def free_port() -> int:
    """A port on which nobody listens, nor takes datagrams: none of those that the system gives to outgoing
    connections, one of which could have it before who asked."""
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as streams, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
            try:
                streams.bind(("", port))
                datagrams.bind(("", port))
            except OSError:
                continue
        return port


def free_udp_ports(count: int) -> int:
    """The first of `count` UDP ports in a row that nobody uses."""
    while True:
        with ExitStack() as probes:
            first = free_port()
            try:
                for number in range(count):
                    probe = probes.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                    probe.bind(("127.0.0.1", first + number))
            except OSError:
                continue
            return first


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "proctoring", *arguments]


def clean_environment() -> dict[str, str]:
    """The environment without any setting of ours that the developer may have."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PROCTORING_")}
    return clean | {"PYTHONUNBUFFERED": "1"}
