"""Segments that one review process serves, beside nginx with the same bytes in clear."""
