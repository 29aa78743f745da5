"""Checks of the keys that a role has: of `/readyz` and the doctor. Each raises what is the matter."""

from proctoring.core import Core
from storage.seal import Opener


def sealing(core: Core) -> str:
    """A key is sealed now. Raises KeyMissing without a public half."""
    return f"to {core.sealer.new_unit_key(core.new_id()).epoch}"


def opening(core: Core, opener: Opener) -> str:
    """A key sealed now opens now: public and private half belong together. Raises VaultError."""
    unit_id = core.new_id()
    opener.unit(unit_id, core.sealer.new_unit_key(unit_id))
    return "what is sealed now opens now"
