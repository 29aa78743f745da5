"""Proofs: trees, manifests, checkpoints, signatures, commitments and time stamps."""
