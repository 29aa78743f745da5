"""Errors of the vault.

VaultError
├── ObjectExists     a write-once name was written before
├── ObjectMissing    no such object
├── StoreFailed      the store did not do what was asked; try again
├── NotErasable      the store keeps deleted objects, by its settings
├── BadName          an object key or prefix outside the grammar of `storage.objects.naming`
├── NotAuthentic     a seal does not open: wrong key, wrong context, altered or cut
├── KeyMissing       the key is destroyed, or not in this process's power
├── KeyServiceFailed the key service is unreachable, or does not let this process do that
├── TimestampFailed  the time-stamp authority gives none; ask again later
└── Refused          a proof does not hold; `reason` is a word for machines
"""


class VaultError(Exception):
    """Base of the vault's errors."""


class ObjectExists(VaultError):
    pass


class ObjectMissing(VaultError):
    pass


class StoreFailed(VaultError):
    pass


class NotErasable(VaultError):
    pass


class BadName(VaultError):
    pass


class NotAuthentic(VaultError):
    pass


class KeyMissing(VaultError):
    pass


class KeyServiceFailed(VaultError):
    pass


class TimestampFailed(VaultError):
    pass


class Refused(VaultError):
    """`reason` names what is the matter, for machines; the text says it for people."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
