"""Cost of the job *replay* over a long ledger: time, memory, and that of a quiet pass.

Each figure is of a process of its own; the memory of a long ledger is compared with that of a short one.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from sqlalchemy import text

from proctoring.proofs.all_rows import compare_all_rows
from proctoring.proofs.job import ENTRIES_A_PASS, LedgerReplay, Passed
from proctoring.proofs.reader import LedgerReader
from tests.bench.ledger_fill import fill
from tests.support.world import World

ENTRIES = int(os.environ.get("PROCTORING_BENCH_LEDGER_ENTRIES", "1000000"))
FEW = 20_000
REPLAYED = (
    "replay of {entries} entries, {sessions} sessions: {first_s:.0f} s of CPU, {entries_per_s:.0f} entries/s,"
    " {peak_bytes} bytes at most, {peak_growth:.2f} of a short one's;\n"
    "a quiet pass {quiet_s:.2f} s ({quiet_sessions} sessions, {quiet_leaves} leaves); "
    "all by ledger verify {verify_s:.0f} s;\n"
    "a worker that starts reads the ledger in {unsigned_start_s:.1f} s, its signed pages in {start_s:.2f} s"
)


def replay_figures() -> dict[str, Any]:
    """`first_s`: CPU of the passes that read all entries; `quiet_s`: of one after which nothing was entered;
    `edit_s`: of the passes until an edit of an old row is found; `peak_bytes`; `peak_growth` over FEW
    entries; `start_s`: of a worker that reads the ledger, `unsigned_start_s`: without its pages."""
    long, short = _measured(ENTRIES), _measured(min(FEW, ENTRIES))
    return long | {"peak_growth": long["peak_bytes"] / short["peak_bytes"]}


def _measured(entries: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        filled = fill(Path(name), entries)
        command = [sys.executable, "-m", "tests.bench.ledger_replay", name]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        figures: dict[str, Any] = json.loads(told.splitlines()[-1])
        return {"entries": filled} | figures


def measure(folder: Path) -> dict[str, Any]:
    world = World(folder)
    replay = LedgerReplay(world.core, world.signer)
    first, first_s = _cpu(replay)
    while first.entries % ENTRIES_A_PASS == 0 and (more := _cpu(replay))[0].entries:
        first.entries, first_s = first.entries + more[0].entries, first_s + more[1]
    quiet, quiet_s = _cpu(replay)
    assert first.findings == quiet.findings == quiet.entries == quiet.replayed == 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    with world.core.db.begin() as db:
        sessions = db.scalar(text("SELECT count(*) FROM sessions"))
        db.execute(text("UPDATE sessions SET ref = 'X' WHERE id = (SELECT min(id) FROM sessions)"))
    passes, edit_s, found = 0, 0.0, 0
    while not found:
        passed, took = _cpu(replay)
        passes, edit_s, found = passes + 1, edit_s + took, passed.findings
    start_s = _start(world)
    began = time.process_time()
    with world.core.db.read() as db:
        assert len(compare_all_rows(db).faults) == 1
    return {
        "sessions": sessions,
        "first_s": first_s,
        "entries_per_s": first.entries / first_s,
        "quiet_s": quiet_s,
        "quiet_sessions": quiet.sessions,
        "quiet_leaves": quiet.leaves,
        "edit_s": edit_s,
        "edit_passes": passes,
        "verify_s": time.process_time() - began,
        "start_s": start_s,
        "unsigned_start_s": _start_unsigned(world),
        "peak_bytes": peak,
    }


def _start(world: World) -> float:
    began = time.process_time()
    with world.core.db.read() as db:
        LedgerReader(world.signer.public).follow(db)
    return time.process_time() - began


def _start_unsigned(world: World) -> float:
    with world.core.db.begin() as db:
        db.execute(text("DELETE FROM ledger_pages"))
    return _start(world)


def _cpu(replay: LedgerReplay) -> tuple[Passed, float]:
    began = time.process_time()
    return replay.run(), time.process_time() - began


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]))))
