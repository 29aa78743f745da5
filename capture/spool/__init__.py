"""From a written segment to one that store and database have: sealed, accepted, and never lost between.

sink            life of the spool in its process, and its doors: recorder, late_recorder, identity_recorder
takes           open takes of this process: sealed, accepted; gather: what many streams bring within a moment
spool           what waits, in lanes; entry: one of them as bytes; files: on disk
drain           commits; lane_threads: threads that do; leftover_spool: a spool whose process is gone
"""
