"""Purging on MinIO beside a bare loop of the same batch deletes, on one server, turn by turn.

The bare loop has the names ready: it lists nothing and proves nothing. It sends what ours sends, and nothing
else: the same `DeleteObjects` requests, as large, as many at once, through the same client library.
"""

import os
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from minio import Minio
from minio.deleteobjects import DeleteObject

from storage.objects.minio import DELETE_SHARE, DELETES_AT_ONCE, MinioObjects
from storage.objects.minio_client import s3_client
from storage.objects.minio_versions import PAGE
from storage.objects.naming import segment_key, unit_prefix
from storage.objects.shred import Shredder
from tests.support.minio import ROOT, MinioServer
from tests.support.names import TAKE_1, UNIT_A

SEGMENTS = int(os.environ.get("PROCTORING_BENCH_PURGE_SEGMENTS", "10000"))
SEGMENT_BYTES = 64  # what a deletion costs does not depend on it
WRITERS = 16
TURNS = 5
FEW = 3 * PAGE  # enough for the memory to be at its height


def purge_figures() -> dict[str, Any]:
    """`ratio`: our objects per second over the bare loop's; ours lists, counts and proves absence besides;
    `objects_per_s` of each; `peak_growth`: our peak of memory for all segments over that for FEW.

    Skips where there is no MinIO server.
    """
    with _server() as server:
        ours: list[float] = []
        bare: list[float] = []
        for turn in range(TURNS):
            for work in (_ours, _bare) if turn % 2 else (_bare, _ours):
                bucket, client = _filled(server, SEGMENTS)
                (ours if work is _ours else bare).append(SEGMENTS / work(server, bucket, client))
        peaks = [_peak(server, count) for count in (FEW, SEGMENTS)]
    return {
        "segments": SEGMENTS,
        "ratio": statistics.median(mine / theirs for mine, theirs in zip(ours, bare, strict=True)),
        "objects_per_s": {"ours": statistics.median(ours), "bare loop": statistics.median(bare)},
        "peak_growth": peaks[1] / peaks[0],
        "peak_bytes": peaks[1],
    }


def _ours(server: MinioServer, bucket: str, _client: Minio) -> float:
    shredder = Shredder(MinioObjects(server.address(bucket), ROOT))
    return _seconds(lambda: shredder.shred(UNIT_A))


def _bare(_server: MinioServer, bucket: str, client: Minio) -> float:
    names = [DeleteObject(_key(seq), "null") for seq in range(SEGMENTS)]
    shares = [names[first : first + DELETE_SHARE] for first in range(0, SEGMENTS, DELETE_SHARE)]

    def send(share: list[DeleteObject]) -> None:
        assert list(client.remove_objects(bucket, share)) == []

    def loop() -> None:
        with ThreadPoolExecutor(DELETES_AT_ONCE) as pool:
            list(pool.map(send, shares))

    seconds = _seconds(loop)
    left = client.list_objects(bucket, prefix=unit_prefix(UNIT_A), recursive=True)
    assert next(iter(left), None) is None
    return seconds


def _peak(server: MinioServer, count: int) -> int:
    """The most memory that shredding so many holds at once, in bytes of Python objects."""
    bucket, client = _filled(server, count)
    tracemalloc.start()
    _ours(server, bucket, client)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def _filled(server: MinioServer, count: int) -> tuple[str, Minio]:
    bucket = server.new_bucket()
    client = s3_client(server.address(bucket), ROOT)
    data = b"x" * SEGMENT_BYTES
    with ThreadPoolExecutor(WRITERS) as pool:
        for begin in range(0, count, PAGE):
            keys = map(_key, range(begin, min(begin + PAGE, count)))
            list(pool.map(lambda key: client._put_object(bucket, key, data), keys))
    return bucket, client


def _key(seq: int) -> str:
    return segment_key(UNIT_A, TAKE_1, seq)


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


@contextmanager
def _server() -> Iterator[MinioServer]:
    with tempfile.TemporaryDirectory() as folder:
        server = MinioServer(Path(folder) / "drive")
        try:
            yield server.start()
        finally:
            server.stop()
