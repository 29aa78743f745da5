"""Codecs and containers, as far as passthrough knows them; nothing is decoded here.

frames              an encoded frame; piece: a segment before it is written
h264, vp8, opus     the few fields that must be read of a frame
mux                 a piece as a file that plays alone: fmp4 or webm; silence fills the holes of its sound
webm_read           a file that a browser recorded; jpeg: a picture by its structure
"""
