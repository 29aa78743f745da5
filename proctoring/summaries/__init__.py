"""A row a session with what lists sort, filter and count by, so that none reads what was recorded."""
