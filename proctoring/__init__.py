"""The core: exams, sessions, recordings, reviews, incidents, appeals and holds, and their rules.

Imports the vault (`storage`) and no edge. Only `proctoring.compose`, the composition root, and a few commands
import edges.
"""
