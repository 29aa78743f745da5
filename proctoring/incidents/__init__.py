"""The human decision that something happened, and the second person it needs."""
