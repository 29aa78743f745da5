"""From a written segment to one that store and database have: sealed, accepted, and never lost between.

sink      the real recorder: seals, accepts
gather    what many streams bring within a moment, done at once
spool     what waits, in lanes; entry: one of them as bytes; files: on disk
drain     commits; worker: threads that do; left: a spool whose process is gone
"""
