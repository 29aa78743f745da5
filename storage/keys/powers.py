"""The three powers over key epochs, and the keys of a process that was not given one of them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NoReturn

from storage.errors import KeyServiceFailed
from storage.keys.folder import Epoch


class KeyPower(StrEnum):
    """Rights of one login of the key service; `storage.keys.transit_setup` says them in its words."""

    SEALER = "sealer"
    OPENER = "opener"
    SHREDDER = "shredder"


@dataclass(frozen=True, slots=True)
class WithheldKeys:
    """Refuses everything: the login of this power is not in this process, as it should be in one that does
    not need it. Each call raises KeyServiceFailed with what to do when it does."""

    power: KeyPower
    remedy: str

    def newest(self) -> Epoch:
        self._refuse()

    def open(self, epoch: str, sealed: bytes, info: bytes) -> bytes:
        self._refuse()

    def ensure_epoch(self, now: datetime) -> str:
        self._refuse()

    def epochs(self) -> list[str]:
        self._refuse()

    def destroy(self, epoch: str) -> None:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise KeyServiceFailed(
            f"this process does not hold the {self.power.value}'s login of the key service; {self.remedy}"
        )
