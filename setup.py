"""Compiles the modules that every media packet passes through by mypyc, from the source that Python runs too.

They take half the CPU that way. Each is optional: where there is no C compiler, or its binary was removed,
the same module runs interpreted and does the same. What they import beside is not compiled: it is asked for
a few times a second, or kept weakly, as a clock of `capture/clock/deviceclock.py` is.
"""

from mypyc.build import mypycify
from setuptools import setup

COMPILED = [
    "capture/clock/mediaclock.py",
    "capture/clock/reportedlag.py",
    "capture/clock/senderclock.py",
    "capture/clock/steadyticks.py",
    "capture/clock/takeclocks.py",
    "capture/cut/cutting.py",
    "capture/cut/no_picture.py",
    "capture/cut/open_piece.py",
    "capture/cut/reading.py",
    "capture/cut/segmenter.py",
    "capture/cut/sound.py",
    "capture/media/fmp4.py",
    "capture/media/frames.py",
    "capture/media/h264.py",
    "capture/media/opus.py",
    "capture/media/piece.py",
    "capture/media/silence.py",
    "capture/media/vp8.py",
    "capture/media/webm.py",
    "capture/receive/assemble.py",
    "capture/receive/inplace.py",
    "capture/receive/delivery.py",
    "capture/receive/reception.py",
    "capture/receive/reorder.py",
    "capture/receive/rtcp.py",
    "capture/receive/rtp.py",
    "capture/receive/statistics.py",
    "capture/receive/track.py",
]

extensions = mypycify(COMPILED, group_name="capture.way_of_a_packet")
for extension in extensions:
    extension.optional = True

setup(ext_modules=extensions)
