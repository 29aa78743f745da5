"""Signals and thumbnails that a machine measured of a recording, in the recording's own evidence unit."""
