"""The allocator keeps what is freed."""

import ctypes
import subprocess
import sys

import pytest

BUFFER_BYTES = 300_000
ROUNDS = 200
COUNT = f"""
import resource
from proctoring.allocator import keep_freed_memory

def faults():
    begun = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for number in range({ROUNDS}):
        bytearray({BUFFER_BYTES} + 4096 * number)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - begun

before = faults()
assert keep_freed_memory()
faults()
print(before, faults())
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="the C library has no mallopt")
def test_buffers_of_segments_are_not_fetched_anew() -> None:
    """Once it is asked to, no page comes from the system for a buffer of a size that was freed before."""
    done = subprocess.run([sys.executable, "-c", COUNT], capture_output=True, text=True, check=True)
    before, after = map(int, done.stdout.split())
    assert before > ROUNDS * BUFFER_BYTES // 4096 // 4
    assert after < ROUNDS
