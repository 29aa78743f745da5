"""Whether the keys of a role do what it needs them for."""

from proctoring.core import Core
from storage.seal import Opener


def keys_seal(core: Core) -> None:
    """A key is sealed now. Raises KeyMissing without a public half."""
    core.sealer.new_unit_key(core.new_id())


def keys_open(core: Core, opener: Opener) -> None:
    """A key sealed now opens now: public and private half belong together. Raises VaultError."""
    unit_id = core.new_id()
    opener.unit(unit_id, core.sealer.new_unit_key(unit_id))
