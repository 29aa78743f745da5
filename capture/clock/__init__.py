"""Time at which each frame was filmed, on the server's clock.

senderclock  by the sender's reports
deviceclock  where that device's clock stands against ours
reportedlag  how far a track is behind them
steadyticks  a track's own, made to run evenly
mediaclock   one track's, from all of these and from arrivals
takeclocks   both tracks of a take
servertime   ours, which no setting of the system's clock moves
"""
