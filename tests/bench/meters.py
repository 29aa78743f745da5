"""Cost of a process and its children, read from /proc: CPU seconds, resident memory, open files."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
PROC = Path("/proc")


def tree(pid: int) -> list[int]:
    """The process and all its living descendants."""
    try:
        children = [
            int(child)
            for task in (PROC / str(pid) / "task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    except OSError:
        return []
    return [pid, *(one for child in children for one in tree(child))]


def cpu_s(pid: int) -> float:
    """User and system time of the tree so far, in seconds, with the children that have ended."""
    return sum(sum(map(int, _stat(one)[11:15])) for one in tree(pid)) / TICKS_PER_S


def ended_children_cpu_s() -> float:
    """User and system time of this process's children that have ended, in seconds."""
    times = os.times()
    return times.children_user + times.children_system


def rss_bytes(pid: int) -> int:
    """Resident memory of the tree now."""
    return sum(int(_stat(one)[21]) for one in tree(pid)) * PAGE_BYTES


def peak_rss_bytes(pid: int) -> int:
    """The sum of each living process's highest resident memory."""
    return sum(peaks(pid).values())


def peaks(pid: int) -> dict[int, int]:
    """Each living process's highest resident memory, in bytes, by its id."""
    return {one: _peak(one) for one in tree(pid)}


def open_files(pid: int) -> int:
    """File descriptors of the tree, sockets included."""
    return sum(len(list((PROC / str(one) / "fd").iterdir())) for one in tree(pid))


def threads(pid: int) -> int:
    """Threads of the tree."""
    return sum(int(_stat(one)[17]) for one in tree(pid))


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """What is started meanwhile runs on this core only, with everything that it starts."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat behind the name: [0] is the state. Zeros for one that has ended."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ["0"] * 50


def _peak(pid: int) -> int:
    try:
        status = (PROC / str(pid) / "status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0)
