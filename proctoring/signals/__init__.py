"""What a machine measured of a recording: signals and thumbnails, in the recording's own evidence unit."""
