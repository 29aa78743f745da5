"""Stretches of plaintext that must not be found in any file."""

from collections.abc import Iterable

WINDOW = 32


def canaries(segments: Iterable[bytes]) -> set[bytes]:
    """The media of each segment, cut into windows; its boxes are left out, which all files share."""
    found = set()
    for plain in segments:
        media = plain[plain.find(b"mdat") :] if b"mdat" in plain else plain[1000:]
        assert len(media) > 10 * WINDOW
        found |= {media[at : at + WINDOW] for at in range(64, len(media) - WINDOW, WINDOW)}
    return found


def holds_plaintext(data: bytes, looked_for: set[bytes]) -> bool:
    """Whether any of these stretches lies anywhere in the data."""
    return not looked_for.isdisjoint(data[at : at + WINDOW] for at in range(len(data)))
