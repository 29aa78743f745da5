"""Logs are events with ids, on standard error or in a file: JSON lines for machines, coloured lines on a
terminal.

Never a name, a token, an SDP or a candidate's address.
"""

import logging
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

import structlog

FILE_BYTES_MAX = 10_000_000  # then the file is begun anew, and the one before is kept as FILE.1
OURS = "proctoring"


def configure(level: int = logging.INFO, file: Path | None = None) -> None:
    """Set up logging of this process; events below `level` are dropped. With a file, what libraries warn of
    goes there too."""
    terminal = file is None and sys.stderr.isatty()
    processors: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if terminal:
        # Plain: the pretty one prints local variables, and with them tokens.
        plain = structlog.dev.plain_traceback
        processors.append(structlog.dev.ConsoleRenderer(exception_formatter=plain))
    else:
        processors += [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr) if file is None else _to_file(level, file),
    )


def _to_file(level: int, file: Path) -> structlog.typing.WrappedLogger:
    handler = RotatingFileHandler(file, maxBytes=FILE_BYTES_MAX, backupCount=1, encoding="utf-8")
    logging.basicConfig(level=logging.WARNING, handlers=[handler], format="%(message)s")
    ours = logging.getLogger(OURS)
    ours.setLevel(level)
    return lambda *_: ours
