"""Evidence units, takes, segments, gaps: what was recorded, on one time line."""
