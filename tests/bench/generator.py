"""The load generator as a process beside the receiver, on a core of its own."""

import json
import os
import subprocess
import sys
from types import TracebackType
from typing import Any, Self

from aioice.ice import get_host_addresses

from tests.bench import meters
from tests.bench.load.pace import BEGIN_S
from tests.bench.receivers import Receiver


class NotMeasured(Exception):
    """There is no figure here; the text says why."""


class Generator:
    """Publishes to a started receiver for `settle_s` and then `seconds` after all are connected. A connection
    has media `begin_s` after it is up."""

    def __init__(
        self, receiver: Receiver, address: str, settle_s: float, seconds: float, begin_s: float = BEGIN_S
    ) -> None:
        command = [sys.executable, "-m", "tests.bench.load", *receiver.target(), "--address", address]
        command += ["--settle", str(settle_s), "--seconds", str(seconds), "--begin", str(begin_s)]
        self._log = receiver.folder / "generator.log"
        with meters.on_core(cores()[1]), self._log.open("wb") as log:
            self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)

    def line(self) -> dict[str, Any]:
        """First that all are connected, then its report. Raises NotMeasured when it ends instead."""
        assert self._process.stdout is not None
        text = self._process.stdout.readline()
        if not text:
            reason = self._log.read_text().strip().splitlines()[-1:]
            raise NotMeasured(f"the load generator has ended: {' '.join(reason)}")
        said: dict[str, Any] = json.loads(text)
        return said

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()


def cores() -> list[int]:
    """The receiver's core and the generator's. Raises NotMeasured where there is but one."""
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        raise NotMeasured("receiver and generator need a core each, and there is one")
    return allowed[:2]


def own_address() -> str:
    """This machine's own address: Janus's ICE passes loopback over. The packets stay on the machine."""
    addresses = get_host_addresses(use_ipv4=True, use_ipv6=False)
    if not addresses:
        raise NotMeasured("the machine has no address but loopback, which Janus passes over")
    return str(addresses[0])
