"""Why evidence may not be erased yet, and when it must be: the arithmetic of retention."""
