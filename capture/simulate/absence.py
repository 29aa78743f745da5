"""Interval of wall clock in which no person is in the picture, in Unix milliseconds."""

from typing import Final

HERE: Final = range(0)
"""All the time in the picture."""
