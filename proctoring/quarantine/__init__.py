"""Restore quarantine: a database that knows less than its copied proofs serves nothing."""
