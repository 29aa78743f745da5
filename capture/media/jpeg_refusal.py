"""The refusal of a picture, as its sender is told."""

from proctoring.errors import Invalid


def refused(why: str) -> Invalid:
    return Invalid(f"This is no JPEG picture: {why}.", "Take the picture again.", "no-picture")
