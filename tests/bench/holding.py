"""`python -m tests.bench.holding FILE serve …`: the command, with a meter of who holds loop and interpreter.

Every SAMPLE_S a thread and the event loop want to go on. How much later they do is written to FILE, as JSON,
every second: the longest and how often it was more than LONG_MS, since the figures were last asked for with
SIGUSR1. The thread waits for the interpreter's lock alone; the loop for whatever runs on it, too.
"""

import asyncio
import json
import signal
import sys
import threading
import time
from pathlib import Path

from proctoring.cli import main
from proctoring.compose import app, whole
from proctoring.compose.app import Edge

SAMPLE_S = 0.002
LONG_MS = 50.0
LOOP, INTERPRETER = "loop", "interpreter"


class Meter:
    """Lateness by what was held. It is one of the parts that run while the application serves."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._task: asyncio.Task[None] | None = None
        self._begin()

    async def start(self) -> None:
        """Both samplers begin, and figures are begun anew at SIGUSR1."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, self._begin)
        self._task = asyncio.create_task(self._watch_loop())
        threading.Thread(target=self._watch_interpreter, daemon=True).start()

    async def close(self) -> None:
        """The process ends soon, and the thread with it."""
        assert self._task is not None
        self._task.cancel()

    def _begin(self) -> None:
        self._longest_ms = {LOOP: 0.0, INTERPRETER: 0.0}
        self._long = {LOOP: 0, INTERPRETER: 0}

    def _note(self, what: str, due_s: float) -> None:
        late_ms = (time.monotonic() - due_s) * 1000
        self._longest_ms[what] = max(self._longest_ms[what], late_ms)
        self._long[what] += late_ms > LONG_MS

    async def _watch_loop(self) -> None:
        written_s = 0.0
        while True:
            due_s = time.monotonic() + SAMPLE_S
            await asyncio.sleep(SAMPLE_S)
            self._note(LOOP, due_s)
            if due_s > written_s + 1:
                written_s = due_s
                self._file.write_text(json.dumps({"longest_ms": self._longest_ms, "long": self._long}))

    def _watch_interpreter(self) -> None:
        while True:
            due_s = time.monotonic() + SAMPLE_S
            time.sleep(SAMPLE_S)
            self._note(INTERPRETER, due_s)


if __name__ == "__main__":
    meter = Meter(Path(sys.argv.pop(1)))
    whole.create_app = lambda core, *edges: app.create_app(core, *edges, Edge(checks={}, running=[meter]))  # type: ignore[attr-defined]
    main()
