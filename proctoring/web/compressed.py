"""JSON that is sent compressed: for large answers that hold no secret of whoever asks (BREACH)."""

import gzip
import json

from fastapi import Request, Response

LEVEL = 6  # a seventh of the time of the highest, within 2 % of its size


def compressed_json(request: Request, body: object) -> Response:
    """The body as JSON, compressed where the client takes it."""
    data = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    headers = {"Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        data = gzip.compress(data, LEVEL, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return Response(data, headers=headers, media_type="application/json")
