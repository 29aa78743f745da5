"""Evidence that leaves the service: on what ground, to whom, and what the candidate is told of it."""
