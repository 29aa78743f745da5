"""Pieces that a page recorded while it could not publish, sent afterwards.

endpoint  where it comes in, piece by piece
intake    taken apart, cut to what is missing, sealed; cut: where to cut
"""
