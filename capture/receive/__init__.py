"""The own receive path: from a datagram to whole encoded frames, for every publisher of this process.

port      one UDP port for all; whose datagram it is
stun      who may send: reading and authenticating binding requests
reception one publisher's RTP and RTCP, from the protected datagram on
rtp       the header; rtcp: reports and feedback; statistics: what a receiver report says
reorder   packets in order, which are missing, which are given up
assemble  payloads to frames
bandwidth how much the publisher may send
"""
