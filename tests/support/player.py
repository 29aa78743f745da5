"""Reads a time line as a player does: fetches every segment and decodes it."""

import io
from typing import Any

import av
import httpx2


def decode_errors(data: bytes) -> tuple[int, int]:
    """Pictures decoded, or packets of sound where it is stored alone; and errors met, in either."""
    decoded = {"video": 0, "audio": 0}
    errors = 0
    with av.open(io.BytesIO(data), "r") as container:
        kind = "video" if container.streams.video else "audio"
        for packet in container.demux():
            try:
                decoded[packet.stream.type] += len(packet.decode())
            except av.FFmpegError:
                errors += 1
    return decoded[kind], errors


def fetch_all(client: httpx2.Client, session_id: str, line: dict[str, Any]) -> list[bytes]:
    """The plaintext of every segment of the time line; each opens and decodes without an error."""
    plain = []
    for stream in line["streams"]:
        for segment in stream["segments"]:
            answer = client.get(f"/media/{session_id}/{stream['stream']}/{segment['n']}")
            assert answer.status_code == 200, answer.text
            decoded, errors = decode_errors(answer.content)
            assert (decoded > 0, errors) == (True, 0)
            plain.append(answer.content)
    return plain
