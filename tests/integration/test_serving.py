"""A service that cannot begin says why, with exit code 1, and leaves alone what is there."""

import hashlib
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.support.service import Service, clean_environment, free_port, free_udp_ports

PATIENCE_S = 120


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    running = Service(tmp_path_factory.mktemp("serving") / "data").start()
    yield running
    running.stop()


def refused(*arguments: str, **environment: str) -> dict[str, str]:
    """What `serve` says before it ends with exit code 1. A traceback fails the test."""
    done = subprocess.run(
        [sys.executable, "-m", "proctoring", *arguments, "--json"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env=clean_environment() | environment,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    said: dict[str, str] = json.loads(done.stderr.splitlines()[-1])
    assert said["detail"]
    assert said["remedy"]
    return said


def files(folder: Path) -> dict[str, str]:
    """Every file that is not the database's own at work, with its hash."""
    found = [path for path in folder.rglob("*") if path.is_file() and "proctoring.db" not in path.name]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def test_a_folder_is_served_once(service: Service) -> None:
    """A second `serve` names where the first one is. Its files are as before; the links still lead to it."""
    before = files(service.data)
    said = refused("serve", "--data", str(service.data), "--port", str(free_port()))
    assert service.url in said["detail"]
    assert files(service.data) == before
    assert httpx2.get(service.invite()["candidate_url"]).status_code == 200


def test_two_that_record_share_no_spool(service: Service) -> None:
    """`capture` on the folder of a `serve`: the spool has one owner."""
    said = refused("capture", "--data", str(service.data), "--port", str(free_port()))
    assert "records into" in said["detail"]


@pytest.mark.parametrize("command", ["serve", "capture", "review"])
def test_a_taken_port_is_named(service: Service, tmp_path: Path, command: str) -> None:
    """With the option that chooses another; nothing is made for a service that does not begin."""
    data = tmp_path / "data"
    if command != "serve":
        Service(data).run("init")
    before = files(data)
    said = refused(command, "--data", str(data), "--port", str(service.port))
    assert f"Port {service.port}" in said["detail"]
    assert "--port" in said["remedy"]
    assert files(data) == before


def test_a_taken_media_port_is_named(tmp_path: Path) -> None:
    """UDP, with the setting that chooses another."""
    number = free_udp_ports(1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", number))
        port = {"PROCTORING_MEDIA_PORT": str(number), "PROCTORING_MEDIA_ADDRESSES": '["127.0.0.1"]'}
        said = refused("serve", "--data", str(tmp_path / "data"), "--port", str(free_port()), **port)
    assert str(number) in said["detail"]
    assert "PROCTORING_MEDIA_PORT" in said["remedy"]


def test_an_address_that_is_not_ours_is_told(tmp_path: Path) -> None:
    """TEST-NET-1 (RFC 5737) is no machine's."""
    host = ("--host", "192.0.2.7", "--port", str(free_port()))
    region = {"PROCTORING_REGION": "BE", "PROCTORING_CONTROLLER_EMAIL": "desk@exam.example"}
    said = refused("serve", "--data", str(tmp_path / "data"), *host, **region, PROCTORING_ENV="dev")
    assert "192.0.2.7" in said["detail"]
    assert "--host" in said["remedy"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_order(tmp_path: Path, how: signal.Signals) -> None:
    """Exit code 0, and nothing said of it."""
    service = Service(tmp_path / "data").start()
    process = service._process
    assert process is not None
    process.send_signal(how)
    assert process.wait(PATIENCE_S) == 0
    assert "Traceback" not in service.log.read_text()
    assert "Aborted" not in service.log.read_text()
