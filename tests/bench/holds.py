"""`python -m tests.bench.holds`: the longest that loop and interpreter were held, at rest and under load.

One `proctoring serve` with STREAMS that record, while staff open pages one after another. A hold of more than
50 ms is one too many: media waits for it. `--data FOLDER` takes a folder that exists, such as a large one.
"""

import argparse
import json
import os
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench.generator import Generator, own_address
from tests.bench.receivers import Ours
from tests.support.service import Service

STREAMS = 24
SECONDS = 10.0
SETTLE_S = 6.0
ROUNDS = 5
PAGES = {
    "/queue": "proctor",
    "/incidents": "proctor",
    "/appeals": "committee",
    "/retention": "privacy-officer",
    "/ledger": "auditor",
}
"""Each with a role that sees it."""


class Held(Ours):
    """`proctoring serve` under the meter; over `data`, if that is given."""

    def __init__(self, folder: Path, streams: int, address: str, data: Path | None) -> None:
        super().__init__(folder, streams, address)
        self.figures = folder / "figures.json"
        command = [sys.executable, "-m", "tests.bench.holding", str(self.figures), "serve"]
        media = {"PROCTORING_MEDIA_ADDRESSES": f'["{address}"]'}
        self.service = self._service = Service(data or folder / "data", media, command)

    def start(self) -> None:
        self.service.start()

    def anew(self) -> None:
        """Figures count from now on."""
        os.kill(self.service.pid, signal.SIGUSR1)

    def line(self, what: str) -> str:
        """One row of the table, of what came since `anew`."""
        time.sleep(1.5)  # the meter writes every second
        told: dict[str, Any] = json.loads(self.figures.read_text())
        cells = [f"{told['longest_ms'][one]:9.1f} {told['long'][one]:9}" for one in ("loop", "interpreter")]
        return f"{what:24} {' '.join(cells)}"


def rows(held: Held, streams: int) -> Iterator[str]:
    """At rest, with media, and with each page opened ROUNDS times meanwhile."""
    held.anew()
    time.sleep(SECONDS)
    yield held.line("at rest")
    staff = {path: held.service.signed_in(f"S. {secrets.token_hex(3)}", role) for path, role in PAGES.items()}
    with Generator(held, held.address, 0.0, 600.0) as generator:
        generator.line()
        time.sleep(SETTLE_S)
        held.anew()
        time.sleep(SECONDS)
        yield held.line(f"{streams} streams")
        for path, client in staff.items():
            held.anew()
            for _ in range(ROUNDS):
                client.get(path).raise_for_status()
            yield held.line(path)


def main() -> None:
    """Prints the table, row by row."""
    parser = argparse.ArgumentParser(description="Who holds loop and interpreter, and for how long.")
    parser.add_argument("--streams", type=int, default=STREAMS)
    parser.add_argument("--data", type=Path, help="an existing data folder")
    args = parser.parse_args()
    print(f"{'':24} {'loop ms':>9} {'> 50 ms':>9} {'lock ms':>9} {'> 50 ms':>9}")
    with tempfile.TemporaryDirectory() as folder:
        held = Held(Path(folder), args.streams, own_address(), args.data)
        held.start()
        try:
            for row in rows(held, args.streams):
                print(row, flush=True)
        finally:
            held.stop()


if __name__ == "__main__":
    main()
