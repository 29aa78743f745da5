"""Every place of recordings, keys, words or their traces, and the country that each is declared to be in
(P15).

Pure: the network is not asked. A place on this machine, by a loopback address or a Unix socket, need not be
declared. A relay must always be declared, since its traffic comes from elsewhere.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sqlalchemy import make_url

from proctoring.settings.eea import check_region

if TYPE_CHECKING:
    from proctoring.settings.settings import Settings

HERE = "this machine"
SOCKET = "unix:"
UNKNOWN = "?"
HOSTS_IN_QUERY = ("host", "hostaddr")  # libpq's, which come before the one in the URL


@dataclass(frozen=True, slots=True)
class Place:
    """`address` as people know it, `hosts` as the network does; `setting` says the `region`."""

    what: str
    address: str
    region: str
    setting: str
    hosts: tuple[str, ...] | None = None

    def check(self) -> None:
        """Raises Invalid for a country that is missing or not in the EEA."""
        if self.region or self.hosts is None or not all(map(is_here, self.hosts)):
            check_region(self.region, self.what, self.setting)

    def line(self) -> str:
        """The place and its country, as a line for the doctor."""
        return f"{self.address} {self.region or HERE}"


def declared(settings: "Settings") -> Iterator[Place]:
    """All places that the settings name. Raises Invalid for an address that cannot be parsed."""
    what = "the machine that keeps the recordings"
    yield _at(what, "recordings and keys", settings.base_url, settings.region, "REGION")
    for server in settings.ice_servers:
        setting = "its region in PROCTORING_ICE_SERVERS"
        yield Place(f"the relay {server.url}", server.url, server.region, setting)
    for url in settings.turn_urls:
        yield Place(f"the relay {url}", url, settings.turn_region, "PROCTORING_TURN_REGION")
    if settings.database_url:
        region, setting = settings.database_region, "PROCTORING_DATABASE_REGION"
        yield Place("the database", "database", region, setting, database_hosts(settings.database_url))
    if settings.store == "minio":
        address, country = settings.minio_address, settings.minio_country
        yield _at("the object store", "object store", f"//{address.endpoint}", country, "MINIO_COUNTRY")
    if settings.redis_url:
        yield _at("Redis", "Redis", settings.redis_url, settings.redis_region, "REDIS_REGION")
    if settings.keys == "transit":
        url, region = settings.transit_address.url, settings.transit_region
        yield _at("the key service", "key service", url, region, "TRANSIT_REGION")
    if settings.tsa_url:
        what = "the time-stamp authority"
        yield _at(what, settings.tsa_url, settings.tsa_url, settings.tsa_region, "TSA_REGION")


def database_hosts(url: str) -> tuple[str, ...]:
    """Every host to which the driver may connect; empty for a Unix socket or SQLite."""
    parsed = make_url(url)
    named = [parsed.query[name] for name in HOSTS_IN_QUERY if name in parsed.query]
    listed = [one for value in named for one in ([value] if isinstance(value, str) else value)]
    return tuple(host for one in listed or [parsed.host or ""] for host in one.split(","))


def is_here(host: str) -> bool:
    """Whether a host is this machine by any name: a loopback address, or the folder of a Unix socket."""
    if host in ("", "localhost") or host.startswith(("/", "@")):
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _at(what: str, address: str, url: str, region: str, setting: str) -> Place:
    host = "" if url.startswith(SOCKET) else urlsplit(url).hostname or UNKNOWN
    return Place(what, address, region, f"PROCTORING_{setting}", (host,))
