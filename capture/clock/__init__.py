"""Time at which each frame was filmed, on the server's clock.

senderclock   the time by a sender's reports
deviceclock   the offset between that device's clock and ours
reportedlag   a track's delay against its sender's clock
steadyticks   a track's own ticks, made to run evenly
mediaclock    one track's time, from all of these and from arrivals
takeclocks    both tracks of a take
servertime    our time, which no change of the system's clock moves
"""
