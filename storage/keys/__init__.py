"""Keys: epochs and units, in a folder or in the key service; each process has only the powers it needs."""
