"""Exam, regulation, capture profile and the notice they generate."""
