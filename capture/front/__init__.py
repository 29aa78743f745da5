"""Several capture processes behind one HTTP address: each session is recorded by one of them.

The front knows sessions and processes, and nothing of media, database or keys that seal. Each process behind
it is a whole capture process with its own UDP port and spool; what one does not get, another serves.
"""
