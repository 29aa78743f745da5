"""Activity and answers, kept as the films are.

events    where they come in; keeper: one batch, one sealed object
"""
