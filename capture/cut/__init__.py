"""Frames to pieces of about 4 s that each play alone, and those to files.

cutting      the effects of each frame
segmenter    the cut points; open_piece: the pictures; sound: sound that waits for its piece
reading      how pictures decode; no_picture: why there is none
writer       pieces to files and on to the recorder, in order
"""
