"""States as the ledger tells them, one noun a file. Pure: entries in, states out."""
