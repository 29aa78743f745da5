"""When each frame was filmed, on the server's clock.

senderclock  by the sender's reports
deviceclock  where that device's clock stands against ours
mediaclock   one track's, from both and from arrivals
"""
