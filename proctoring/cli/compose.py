"""Earlier address of `proctoring.compose.parts.parts`, for other programs that compose the service."""

from proctoring.compose.parts import parts

__all__ = ["parts"]
