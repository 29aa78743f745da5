"""Addresses of the services next to us, and the accounts we use there. Loads none of their clients."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class MinioAddress:
    """One bucket of one server. `endpoint` is host:port. The region is never asked for: the users of a
    single power may not ask."""

    endpoint: str
    secure: bool
    region: str
    bucket: str


@dataclass(frozen=True, slots=True)
class MinioKey:
    """A user of the server, and its secret, which no log shows."""

    access_key: str
    secret_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TransitAddress:
    """One Transit engine of one service: `url` as http(s)://host:port, `mount` as its path."""

    url: str
    mount: str
