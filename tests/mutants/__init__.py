"""Seeded bugs, each of which the suite must find."""
