"""`make bench`: capture beside Janus and plain aiortc; sealing, opening and purging beside the barest thing
that does the same. Writes bench.json.

Each figure is the median of paired runs, ours over the peer's, so that a slow machine changes nothing.
PROCTORING_BENCH_PURGE_SEGMENTS says how many segments are purged on MinIO (10,000), and
PROCTORING_BENCH_LEDGER_ENTRIES how long the ledger is that is replayed (1,000,000).
"""

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage.keys.folder import KeyFolder
from storage.objects.folder import FolderObjects
from storage.objects.naming import segment_key
from storage.objects.shred import Shredder
from storage.seal import Opener, Sealer
from tests.bench.capture import arguments, capture_figures, table
from tests.bench.ledger_replay import REPLAYED, replay_figures
from tests.bench.minio_purge import purge_figures
from tests.support.names import TAKE_1, UNIT_A
from tests.support.unit_keys import TAGS, tagged

RUNS = 15
SEGMENT_BYTES = 280_000
SEGMENTS = 500
MEDIA = 'video/mp4; codecs="avc1.42e01f,opus"'


def seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def ratio(ours: Callable[[], object], peer: Callable[[], object]) -> float:
    """The median of ours over peer, pair by pair, after one pair to warm up."""
    pairs = [(seconds(ours), seconds(peer)) for _ in range(RUNS + 1)][1:]
    return statistics.median(mine / theirs for mine, theirs in pairs)


def purge_ratio(folder: Path) -> float:
    """Shredding a unit, absence verified, over deleting as many files in a bare loop."""
    ratios = []
    for run in range(5):
        store = FolderObjects(folder / f"{run}")
        for seq in range(SEGMENTS):
            store.put(segment_key(UNIT_A, TAKE_1, seq), b"x")
        bare = folder / f"bare-{run}"
        bare.mkdir()
        for seq in range(SEGMENTS):
            (bare / str(seq)).write_bytes(b"x")

        def unlink_all(bare: Path = bare) -> None:
            for file in bare.iterdir():
                file.unlink()

        ratios.append(seconds(lambda store=store: Shredder(store).shred(UNIT_A)) / seconds(unlink_all))  # type: ignore[misc]
    return statistics.median(ratios)


def main() -> None:
    """Measure, print a table, write bench.json."""
    args = arguments().parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        keys = KeyFolder(folder / "keys")
        keys.ensure_epoch(datetime.now(UTC))
        sealer = Sealer(keys, TAGS)
        unit = sealer.new_unit_key(UNIT_A)
        take, take_key = sealer.new_take(tagged(UNIT_A, unit.public), TAKE_1)
        plain, nonce = os.urandom(SEGMENT_BYTES), os.urandom(12)
        aes = AESGCM(os.urandom(32))
        sealed, bare = take.seal(0, MEDIA, plain), aes.encrypt(nonce, plain, None)
        opener = Opener(keys).unit(UNIT_A, unit)
        figures = {
            "seal a segment / bare AES-256-GCM": ratio(
                lambda: take.seal(0, MEDIA, plain), lambda: aes.encrypt(nonce, plain, None)
            ),
            "open a segment / bare AES-256-GCM": ratio(
                lambda: opener.open(TAKE_1, take_key, 0, MEDIA, sealed),
                lambda: aes.decrypt(nonce, bare, None),
            ),
            f"purge {SEGMENTS} segments / bare unlink loop": purge_ratio(folder),
        }
    results: dict[str, object] = {"ratios": figures}
    try:
        purge = purge_figures()
    except pytest.skip.Exception as skipped:
        print(f"       -  purge on MinIO: {skipped}")
    else:
        results["purge on MinIO"] = purge
        figures[f"purge {purge['segments']} segments on MinIO / bare loop, objects per s"] = purge["ratio"]
        figures["its peak of memory / that of a small purge"] = purge["peak_growth"]
    results["replay"] = replay = replay_figures()
    for what, figure in figures.items():
        print(f"{figure:8.2f}  {what}")
    print(REPLAYED.format(**replay))
    results["capture"] = capture = capture_figures(args.streams, args.runs)
    print(table(capture))
    Path("bench.json").write_text(json.dumps(results, indent=2))


main()
