"""The real child, which some segments make misbehave as broken decoders do. Run as a script."""

import os
import resource
import socket
import sys
from collections.abc import Callable

from capture.signals.child import look, serve, shut_in
from capture.signals.wire import Answer, Question


def crash() -> Answer:
    os.abort()


def hang() -> Answer:
    while True:
        pass


def lie() -> Answer:
    return Answer({"emotion": 1.0}, b"", b"")


def reach_out() -> Answer:
    """Says (luma) how many of the things succeeded that must not."""
    tries: tuple[Callable[[], object], ...] = (
        lambda: os.open("/etc/hostname", os.O_RDONLY),
        lambda: os.open("/tmp/plaintext", os.O_WRONLY | os.O_CREAT),
        socket.socket,
        lambda: os.dup(1),
        lambda: bytearray(2 << 30),
    )
    done = 0
    for attempt in tries:
        try:
            attempt()
            done += 1
        except (OSError, MemoryError):
            continue
    ours = [name for name in os.environ if name.startswith("PROCTORING")]
    cores = resource.getrlimit(resource.RLIMIT_CORE) != (0, 0)
    return Answer({"luma": float(done + len(ours) + cores)}, b"", b"")


MISBEHAVE = {b"crash": crash, b"hang": hang, b"lie": lie, b"reach out": reach_out}


def looking(question: Question) -> Answer:
    act = MISBEHAVE.get(question.segment)
    return act() if act is not None else look(question)


if __name__ == "__main__":
    shut_in()
    serve(sys.stdin.buffer, sys.stdout.buffer, looking)
