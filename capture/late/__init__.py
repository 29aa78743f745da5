"""Pieces that a page recorded while it could not publish, sent afterwards.

endpoint    takes it in, piece by piece
gap_filler  takes pieces apart, cuts them to what is missing, seals that; cut: where to cut
recorder    the door to the core
"""
