"""Evidence packages of a session, made for a ground and told to the candidate."""
