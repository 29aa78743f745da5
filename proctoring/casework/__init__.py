"""Casework: the reviewers' queue, and the relation of a person to a session."""
