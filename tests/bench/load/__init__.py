"""Cheap publishers: real SDP, ICE and DTLS, then one clip that was encoded and packetised once for all.

One process on one core carries hundreds, so that a receiver's cost can be measured and not the sender's. It
says of itself how busy and how late it was.
"""
