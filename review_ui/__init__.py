"""The edge where recordings are looked at: staff pages and the player. May only open."""
