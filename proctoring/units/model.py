"""The life of an evidence unit, the smallest thing erased as one.

    state     erase     erased
    open      –         –          recording may still arrive
    retained  erasing   –          the session ended; kept until due, or held
    erasing   erasing   erased     the key is destroyed; objects are going
    erased    –         –          nothing is left but the certificate

Open becomes retained when its session ends. Only `retention` moves a unit further.
"""

from enum import StrEnum

from proctoring.exams.model import CaptureProfile, Stream

STREAM_VALUES = tuple(stream.value for stream in Stream)  # as the database has them


class UnitKind(StrEnum):
    """Each stream of a session is a unit of its own; so are identity images and the logs."""

    WEBCAM = "webcam"
    PHONE = "phone"
    SCREEN = "screen"
    IDENTITY = "identity"
    ACTIVITY = "activity"
    ANSWERS = "answers"

    @property
    def is_stream(self) -> bool:
        """Whether it runs on without a break: only then is a stretch with nothing in it a gap."""
        return self.value in STREAM_VALUES


class UnitState(StrEnum):
    OPEN = "open"
    RETAINED = "retained"
    ERASING = "erasing"
    ERASED = "erased"


LIVING = (UnitState.OPEN, UnitState.RETAINED)
"""The unit has its key: it can be seen, may be held, and goes once it is due."""
LIVING_VALUES = tuple(state.value for state in LIVING)  # as the database has them
KEYLESS = (UnitState.ERASING, UnitState.ERASED)
"""The unit's key is destroyed, and nothing brings it back."""
KEYLESS_VALUES = tuple(state.value for state in KEYLESS)
UNFINISHED_VALUES = (*LIVING_VALUES, UnitState.ERASING.value)
"""Something of the unit may be left: there is no certificate yet."""


def unit_kinds(profile: CaptureProfile) -> tuple[UnitKind, ...]:
    """The evidence units that a session of this profile has."""
    kinds = [UnitKind(stream.value) for stream in profile.streams]
    if profile.identity_copy:
        kinds.append(UnitKind.IDENTITY)
    if profile.activity_log:
        kinds.append(UnitKind.ACTIVITY)
    if profile.answers_log:
        kinds.append(UnitKind.ANSWERS)
    return tuple(kinds)
