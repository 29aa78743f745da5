"""Casework: the queue, the relation of a person to a session, and what staff decide across several rooms."""
