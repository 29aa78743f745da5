"""The vault: bytes, keys and proofs. Knows no candidate and no table; imports no other package of ours."""
