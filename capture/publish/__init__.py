"""From a publisher's offer to its running ingest; ends when the publisher goes or falls silent.

whip      the endpoint (RFC 9725); rehearsal: the same, keeping nothing
sdp       offers read, refused early, answered
ice, relay where media goes, and through which TURN server
peer      one WebRTC connection: its encoded frames
ingest    a peer's frames through segmenter and writer, ended once; ingests: all of this process
"""
