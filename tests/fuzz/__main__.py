"""`python -m tests.fuzz --seconds N`: mutate genuine inputs until the time is up; exit 1 on the first fault.

A fault is printed with the target and the seed that bring it back: `--target T --seed S --rounds 1`.
"""

import argparse
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

from tests.fuzz.targets import Fuzzed


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument(
        "--rounds", type=int, default=0, help="stop after so many rounds (0: when time is up)"
    )
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument("--target", help="only this one")
    asked = parser.parse_args()
    outcomes: Counter[tuple[str, str]] = Counter()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        fuzzed = Fuzzed(Path(folder))
        names = [asked.target] if asked.target else list(fuzzed.targets)
        until, rounds = time.monotonic() + asked.seconds, 0
        while time.monotonic() < until and (not asked.rounds or rounds < asked.rounds):
            seed, name = asked.seed + rounds // len(names), names[rounds % len(names)]
            try:
                outcomes[name, fuzzed.targets[name](random.Random(seed))] += 1
            except Exception:
                traceback.print_exc()
                print(f"FAULT in {name}: --target {name} --seed {seed} --rounds 1", file=sys.stderr)
                return 1
            rounds += 1
    for (name, outcome), count in sorted(outcomes.items()):
        print(f"{count:8}  {name:14}  {outcome}")
    print(f"{rounds} rounds from seed {asked.seed}, no fault")
    return 0


if __name__ == "__main__":
    sys.exit(main())
