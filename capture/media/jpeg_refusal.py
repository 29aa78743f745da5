"""The refusal of a picture, in the words for its sender."""

from proctoring.errors import Invalid


def refused(why: str) -> Invalid:
    return Invalid(f"This is no JPEG picture: {why}.", "Take the picture again.", "no-picture")
