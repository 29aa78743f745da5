"""An exam's first minute: candidates' pages that ask, connections that are set up, many of both at once."""
