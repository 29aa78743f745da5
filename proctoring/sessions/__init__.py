"""One candidate sitting one exam: its states, its invitation, its ingest tokens."""
