"""When nobody is in the picture: a stretch of wall clock, in unix milliseconds."""

from typing import Final

HERE: Final = range(0)
"""All the time in the picture."""
