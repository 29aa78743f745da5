"""Frames to pieces of about 4 s that each begin with a keyframe, and those to files.

segmenter where to cut; cutting: what each frame sets off
writer    pieces to files and on to the recorder, in order
"""
