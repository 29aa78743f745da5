"""Tables of a running service that change with time alone, whoever does nothing."""

OF_JOBS = (
    "acts_copied",
    "checkpoints",
    "copy_compared",
    "ledger_blocks",
    "ledger_pages",
    "ledger_replay",
    "ledger_stamp_state",
    "ledger_stamps",
    "replayed_sessions",
    "retention_state",
    "spools",
)
"""What jobs remember, and what capture processes say of themselves."""
