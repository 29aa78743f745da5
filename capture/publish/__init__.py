"""From a publisher's offer to its running ingest; ends when the publisher goes or falls silent.

whip         the endpoint (RFC 9725); rehearsal: the same, keeping nothing
sdp          reads offers, refuses early, answers
ice, relay   addresses for media, and TURN servers
peer         one WebRTC connection: its encoded frames
ingest       a peer's frames through segmenter and writer, ended once; ingests: all of this process
"""
