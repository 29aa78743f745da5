"""The player's cost in a browser, beside Shaka Player's on the same segments."""
