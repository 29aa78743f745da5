"""The edge where recordings end: what is due, erasure, certificates. May only destroy."""
