"""Setting of the C library's allocator for freed memory, where it is glibc's.

Each segment passes through several buffers of a few hundred kilobytes. By default glibc returns each one to
the system and fetches the next again, page by page, which costs more than encrypting it. And each thread that
touches one keeps a separate arena.
"""

import ctypes
from typing import Final

ARENAS_MAX: Final = 2
KEPT_BYTES_MAX: Final = 8 << 20  # free at the top of an arena; a larger buffer is not kept either

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # malloc.h


def keep_freed_memory() -> bool:
    """Freed buffers stay with the process for the next ones. Whether the allocator agreed (mallopt(3))."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and all(
        mallopt(parameter, value)
        for parameter, value in (
            (_M_ARENA_MAX, ARENAS_MAX),
            (_M_MMAP_THRESHOLD, KEPT_BYTES_MAX),
            (_M_TRIM_THRESHOLD, KEPT_BYTES_MAX),
        )
    )
