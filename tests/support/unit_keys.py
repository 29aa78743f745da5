"""Public halves of evidence units, tagged as the process that made them tags them."""

from dataclasses import replace

from storage.keys.unit_tags import UnitPublicKey, UnitTags

TAGS = UnitTags(b"2" * 32)


def tagged(unit: str, public: bytes) -> UnitPublicKey:
    """A webcam's unit with this public half, as made under TAGS."""
    made = UnitPublicKey(unit, "session", "webcam", public)
    return replace(made, tag=TAGS.tag(made))
