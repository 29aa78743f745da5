"""Stretch of wall clock in which nobody is in the picture, in unix milliseconds."""

from typing import Final

HERE: Final = range(0)
"""All the time in the picture."""
