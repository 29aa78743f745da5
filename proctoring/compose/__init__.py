"""Composition: the parts of each process, wired from its settings."""
