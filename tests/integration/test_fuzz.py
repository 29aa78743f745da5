"""A short run of the fuzzer in every test run; `python -m tests.fuzz --seconds 600` is the long one."""

import random
from pathlib import Path

from tests.fuzz.targets import Fuzzed

ROUNDS = 60


def test_nothing_that_reads_foreign_bytes_crashes_or_believes_them(tmp_path: Path) -> None:
    """Every target, always the same seeds; a changed package, note or segment never passes."""
    fuzzed = Fuzzed(tmp_path)
    outcomes = {
        (name, target(random.Random(seed)))
        for name, target in fuzzed.targets.items()
        for seed in range(ROUNDS)
    }
    assert {name for name, _ in outcomes} == set(fuzzed.targets)
    assert len({outcome for name, outcome in outcomes if name == "package"}) > 5
