"""Errors of arriving media. They leave `capture` only as an end cause or a problem.

CaptureError(Exception)
├── BadPayload     an RTP payload or a bitstream breaks its format; that frame is dropped
├── OfferGarbled   the SDP cannot be read; HTTP 400
├── OfferRefused   the SDP is sound, but offers what we cannot record; HTTP 422
├── OtherPublishes another page publishes this stream now; HTTP 423
├── IngestsFull    this process records as many streams as it may; HTTP 503
├── SpoolFull      more waits for store or database than the spool may hold; HTTP 503
├── SpoolTaken     another process uses the spool's folder; this one does not start
└── PortTaken      the UDP port for media cannot be bound; this process does not start
"""


class CaptureError(Exception):
    """Base of this package's errors: `detail` says what is the matter, `remedy` what to do."""

    def __init__(self, detail: str, remedy: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.remedy = remedy


class BadPayload(CaptureError):
    """An RTP payload, a parameter set or a frame header is malformed."""


class OfferGarbled(CaptureError):
    """The SDP or the trickle fragment cannot be read at all."""


class OfferRefused(CaptureError):
    """The SDP offers something that cannot be recorded."""


class OtherPublishes(CaptureError):
    """Another page publishes this stream, and the candidate has not chosen between them."""


class IngestsFull(CaptureError):
    """No room for another ingest in this process."""


class SpoolFull(CaptureError):
    """Store or database have been unreachable for so long that nothing more can be kept for them."""


class SpoolTaken(CaptureError):
    """Two processes would commit the same segments."""


class PortTaken(CaptureError):
    """The UDP port for media is in use, or may not be used."""
