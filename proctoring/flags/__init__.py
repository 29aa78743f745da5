"""Flags: something to look at, raised by a rule, a proctor or the candidate."""
