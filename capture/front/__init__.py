"""Several capture processes at one HTTP address: each session is recorded by one of them.

The front knows sessions and processes. It has no media and no keys that seal, and writes to no database; it
reads one for status polls and metrics. Each of its processes is a whole capture process with its own UDP port
and spool. If one refuses a session, another serves it.
"""
