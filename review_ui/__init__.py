"""Edge for reviewing recordings: staff pages and the player. May only open."""
