"""`python -m proctoring` is the command `proctoring`."""

from proctoring.cli import main

main()
