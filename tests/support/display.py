"""An X display of the test's own, for a browser that shares a screen: without one there is none to share."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.programs import program

SIZE = (1280, 800)
END_S = 30


@contextmanager
def display() -> Iterator[str]:
    """Xvfb with one screen of SIZE; the value of DISPLAY for its clients. It listens on no network."""
    path = program("Xvfb", "firefox", "Xvfb is not installed; `apt-get install xvfb` brings it.")
    told, tell = os.pipe()
    width, height = SIZE
    started = subprocess.Popen(
        [path, "-displayfd", str(tell), "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp"],
        pass_fds=[tell],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(tell)
    try:
        with os.fdopen(told) as number:
            chosen = number.readline().strip()
        assert chosen, "Xvfb did not start"
        yield f":{chosen}"
    finally:
        started.terminate()
        started.wait(END_S)
