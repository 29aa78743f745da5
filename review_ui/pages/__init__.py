"""The staff's pages. They hold no rule: what a page decides, a `model.py` of the core decided."""
