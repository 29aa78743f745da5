"""Evidence that leaves the service: the ground, the recipient, and the candidate's view of it."""
