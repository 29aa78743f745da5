"""The number of examples a property is tried with: the same few in each run, many others in the long form."""

import os

LONG_FORM = "PROCTORING_TEST_EXAMPLES"  # a number; then the examples are random


def examples(of_a_run: int) -> int:
    """As many as each run takes, or as many as the long form asks for."""
    return int(os.environ.get(LONG_FORM, of_a_run))
