"""Staff pages. They contain no rule: every decision that a page shows is made by a `model.py` of the core."""
