"""The exam record's clock, and the end of what people wrote about a session."""
