"""Summaries of sessions and counts of exams."""
