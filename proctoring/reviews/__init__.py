"""A person's pass over a session: flags, the queue, the outcome."""
