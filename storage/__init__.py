"""The vault: bytes, keys and proofs. Knows no candidate and no table; stands on nothing of ours."""
