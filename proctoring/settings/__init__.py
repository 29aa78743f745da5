"""Settings of a process: read once, checked, passed down."""
