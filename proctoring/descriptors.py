"""Open files of this process: as many as the system lets it have, and a share that no connection may take."""

import resource

FILES_WANTED = 16_384
FILES_RESERVED = 384  # spool, database, objects, keys, media; 35 are in use while 64 streams are recorded
FILES_PER_CONNECTION = 2  # the client's own, and the one behind it: a process, a database connection, a file
CONNECTIONS_MAX = 2_048


def raise_limit() -> int:
    """Raises the soft limit of open files to FILES_WANTED, or as far as the hard one lets. Returns it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_WANTED if hard == resource.RLIM_INFINITY else min(FILES_WANTED, hard)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return FILES_WANTED if soft == resource.RLIM_INFINITY else soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


def connections_max(files: int) -> int:
    """How many connections a process with so many files may hold, at least one."""
    return max(1, min(CONNECTIONS_MAX, (files - FILES_RESERVED) // FILES_PER_CONNECTION))
