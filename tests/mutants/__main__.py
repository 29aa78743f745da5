"""`make mutants`: each seeded bug is put into a copy of the code; the suite must fail on every copy.

Prints which test found which bug; exits 1 when one survives, or when the suite fails without any.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.mutants.bugs import BUGS, Bug

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("proctoring", "capture", "storage", "review_ui", "retention", "tests", "docs", "pyproject.toml")
SUITE = tuple(dict.fromkeys(one for bug in BUGS for one in bug.suite))
"""What has to pass without any bug."""
SUITE_S_MAX = 1800
FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)


def run(folder: Path, suite: tuple[str, ...]) -> tuple[int, str]:
    """Pytest's exit code on the copy, and the first test that failed."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", *suite]
    # A test that was skipped would let a bug live on.
    needed = os.environ | {"PROCTORING_TEST_REQUIRE": "postgres"}
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=SUITE_S_MAX, env=needed
    )
    failed = FAILED.search(done.stdout)
    return done.returncode, failed.group(1) if failed else done.stdout[-300:]


def seed(folder: Path, bug: Bug) -> None:
    """Put the bug into the copy."""
    for edit in bug.edits:
        path = folder / edit.path
        text = path.read_text()
        if text.count(edit.old) != 1:
            sys.exit(f"{bug.name}: {edit.old!r} stands {text.count(edit.old)} times in {edit.path}")
        path.write_text(text.replace(edit.old, edit.new))


def copy(folder: Path) -> None:
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(
                source, folder / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules", "*.so")
            )
        else:
            shutil.copy(source, folder / name)


def main() -> None:
    wanted = sys.argv[1:]
    survivors = []
    for bug in (None, *BUGS):
        if bug is not None and wanted and bug.name not in wanted:
            continue
        with tempfile.TemporaryDirectory(prefix="mutant-") as temporary:
            folder = Path(temporary)
            copy(folder)
            if bug is not None:
                seed(folder, bug)
            begun = time.monotonic()
            code, found_by = run(folder, SUITE if bug is None else bug.suite)
            seconds = time.monotonic() - begun
        if bug is None:
            if code != 0:
                sys.exit(f"the suite fails without any bug: {found_by}")
            print(f"{'no bug':30} passes        {seconds:4.0f} s", flush=True)
        elif code == 1:
            print(f"{bug.name:30} killed        {seconds:4.0f} s  {found_by}", flush=True)
        else:
            survivors.append(bug.name)
            print(f"{bug.name:30} SURVIVED ({code})  {seconds:4.0f} s  {bug.what}", flush=True)
    if survivors:
        sys.exit(f"{len(survivors)} bugs survived: {', '.join(survivors)}")


main()
