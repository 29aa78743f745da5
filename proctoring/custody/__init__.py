"""The custody ledger: who did what to which evidence, append-only and hash-chained."""
