"""Writes the table of columns: `python -m proctoring.proofs`."""

from proctoring.proofs.columns import document

print(document(), end="")
