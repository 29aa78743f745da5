"""Evidence units: the smallest thing erased as one, with its key, its state, its holds and its due date."""
