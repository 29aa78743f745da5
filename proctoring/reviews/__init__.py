"""A person's pass over a session, and its outcome."""
