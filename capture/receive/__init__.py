"""The own receive path: from a datagram to whole encoded frames, for every publisher of this process.

port        one UDP port for all; the owner of each datagram
stun        permission to send: reads and authenticates binding requests
reception   one publisher's RTP and RTCP, from the protected datagram on
rtp         the header; rtcp: reports and feedback; statistics: the content of a receiver report
reorder     packets in order; which are missing, which are given up
assemble    payloads to frames
bandwidth   how much the publisher may send
"""
