"""The parts of the service at their earlier place, for programs beside it that compose them themselves."""

from proctoring.compose.parts import parts

__all__ = ["parts"]
