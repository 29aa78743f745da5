"""Frames to pieces of about 4 s that each play alone, and those to files.

cutting    what each frame sets off
segmenter  where to cut; open_piece: the pictures; sound: what waits for its piece; reading: how they decode;
           no_picture: why there is none
writer     pieces to files and on to the recorder, in order
"""
