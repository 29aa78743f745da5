"""Answers to the candidate from the live data: what is stored, who looked, until when."""
