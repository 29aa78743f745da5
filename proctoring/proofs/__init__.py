"""Proofs against rows: the state that the custody ledger tells, recomputed, and compared with the tables."""
