"""Names that programs beside this repository rely on."""

from proctoring.cli import compose
from proctoring.compose.parts import parts


def test_the_parts_are_at_their_earlier_place_too() -> None:
    """Programs that compose the service themselves find its parts where they were."""
    assert compose.parts is parts
