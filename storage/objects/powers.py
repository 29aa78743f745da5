"""The three powers over stored objects, and the store of a process that was not given one of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn

from storage.errors import StoreFailed
from storage.objects.store import StoredVersion, Upload


class Power(StrEnum):
    """Rights of one user of the object store; `storage.objects.minio_setup` says them in its words."""

    INGEST = "ingest"
    READER = "reader"
    PURGER = "purger"


@dataclass(frozen=True, slots=True)
class Withheld:
    """An ObjectStore that refuses everything. It is used in a process that does not need this power and so
    has no key for it. Each call raises StoreFailed with the remedy."""

    power: Power
    remedy: str

    def put(self, key: str, data: bytes) -> None:
        self._refuse()

    def get(self, key: str) -> bytes:
        self._refuse()

    def versions(self, prefix: str) -> Iterator[StoredVersion]:
        self._refuse()

    def uploads(self, prefix: str) -> Iterator[Upload]:
        self._refuse()

    def abort(self, upload: Upload) -> None:
        self._refuse()

    def delete(self, versions: Iterable[StoredVersion]) -> list[str]:
        self._refuse()

    def check(self) -> None:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise StoreFailed(f"this process does not hold the {self.power.value}'s key of MinIO; {self.remedy}")
