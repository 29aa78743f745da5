"""Logs are events with ids, on standard error: JSON lines for machines, coloured lines on a terminal.

Never a name, a token, an SDP or a candidate's address.
"""

import logging
import sys

import structlog


def configure(level: int = logging.INFO) -> None:
    """Set up logging of this process; events below `level` are dropped."""
    terminal = sys.stderr.isatty()
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
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
