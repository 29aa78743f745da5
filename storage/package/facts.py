"""Facts of an evidence package, frozen, and the strict reading of them: anything unknown is refused.

The format is written down in `docs/formats/package.md`.
"""

import base64
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from storage.canonical import INTEGER_MAX, canonical, fields, read_canonical
from storage.errors import Refused
from storage.proofs.commitment import Opening
from storage.proofs.manifest import HASH, Leaf, read_leaf

PACKAGE_VERSION = 1
SUFFIXES = {
    "video/mp4": "mp4",
    "video/webm": "webm",
    "audio/mp4": "mp4",
    "audio/webm": "webm",
    "image/jpeg": "jpg",
    "application/json": "json",
}
WITHOUT, IDENTITY = "without", "identity"
"""In the export's entry: the one kind of evidence that a package may leave out, the copy of a card."""
RECIPIENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,79}")
_ID = re.compile(r"[a-z2-7]{16}")
_KIND = re.compile(r"[a-z]{1,16}")
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
_KEY = HASH
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class StreamHead:
    """One stream of the package: its manifest's length and the hash of its last leaf."""

    kind: str
    unit: str
    leaves: int
    head: str


@dataclass(frozen=True, slots=True)
class Package:
    """The package's own facts. `recipient` is whom it is for, as the custody ledger has it."""

    package: str
    session: str
    made_at: str
    made_by: str
    recipient: str
    ledger_number: int
    public_key: str
    streams: tuple[StreamHead, ...]

    def encode(self) -> bytes:
        """data/package.json"""
        streams = [{name: getattr(one, name) for name in StreamHead.__slots__} for one in self.streams]
        facts = {name: getattr(self, name) for name in self.__slots__} | {"v": PACKAGE_VERSION}
        return canonical(facts | {"streams": streams})


@dataclass(frozen=True, slots=True)
class Manifest:
    """One stream: its leaves in order, the key of each take, every checkpoint made of it (signed notes)."""

    leaves: tuple[Leaf, ...]
    take_keys: dict[str, bytes]
    checkpoints: tuple[str, ...]

    def encode(self) -> bytes:
        """data/<kind>/manifest.json"""
        return canonical(
            {
                "v": PACKAGE_VERSION,
                "leaves": [leaf.fields() for leaf in self.leaves],
                "takes": {take: key.hex() for take, key in self.take_keys.items()},
                "checkpoints": list(self.checkpoints),
            }
        )


@dataclass(frozen=True, slots=True)
class Extract:
    """The ledger's entries about the session, each with its path to the root of a signed checkpoint.

    `earlier` is a checkpoint that had left the host before, when there was one, with the proof that the
    ledger still begins so.
    """

    checkpoint: str
    entries: tuple[dict[str, Any], ...]
    paths: tuple[tuple[bytes, ...], ...]
    earlier: str | None
    consistency: tuple[bytes, ...]

    def encode(self) -> bytes:
        """data/custody.json"""
        return canonical(
            {
                "v": PACKAGE_VERSION,
                "checkpoint": self.checkpoint,
                "entries": list(self.entries),
                "paths": [[node.hex() for node in path] for path in self.paths],
                "earlier": self.earlier,
                "consistency": [node.hex() for node in self.consistency],
            }
        )


@dataclass(frozen=True, slots=True)
class Timestamp:
    """An authority's answer (RFC 3161, DER) over an earlier checkpoint of the ledger, with the proof that the
    ledger of the extract still begins so."""

    checkpoint: str
    consistency: tuple[bytes, ...]
    answer: bytes

    def encode(self) -> bytes:
        """data/timestamp.json"""
        return canonical(
            {
                "v": PACKAGE_VERSION,
                "checkpoint": self.checkpoint,
                "consistency": [node.hex() for node in self.consistency],
                "answer": base64.b64encode(self.answer).decode(),
            }
        )


def encode_openings(openings: Iterable[Opening]) -> bytes:
    """data/openings.json: what the ledger only committed to, in the order of its names."""
    ordered = sorted(openings, key=lambda one: one.name)
    return canonical({"v": PACKAGE_VERSION, "openings": [one.fields() for one in ordered]})


def media_suffix(media_type: str) -> str:
    """The file ending of a segment's container. Raises Refused."""
    suffix = SUFFIXES.get(media_type.partition(";")[0])
    if suffix is None:
        raise Refused("media-type", f"{media_type[:60]!r} is no container of this version")
    return suffix


def playlist(leaves: tuple[Leaf, ...]) -> str:
    """data/<kind>/playlist.m3u: the stream's media files in the order of its time line."""
    order = sorted(range(len(leaves)), key=lambda at: (leaves[at].start_ms, at))
    lines = [f"media/{at:08d}.{media_suffix(leaves[at].media_type)}\n" for at in order]
    return "".join(["#EXTM3U\n", *lines])


def read_package(data: bytes) -> Package:
    """Raises Refused."""
    known = _object(
        read_canonical(data),
        {
            "package": str,
            "session": str,
            "made_at": str,
            "made_by": str,
            "recipient": str,
            "ledger_number": int,
            "public_key": str,
            "streams": list,
        },
        "package.json",
    )
    for name, grammar in (
        ("package", _ID),
        ("session", _ID),
        ("made_at", _INSTANT),
        ("recipient", RECIPIENT),
        ("public_key", _KEY),
    ):
        _match(grammar, known[name], name)
    streams = tuple(_read_head(one) for one in known["streams"])
    if len({one.kind for one in streams}) < len(streams) or len({one.unit for one in streams}) < len(streams):
        raise Refused("repeated", "a stream stands in the package twice")
    return Package(**{name: known[name] for name in Package.__slots__} | {"streams": streams})


def read_manifest(data: bytes) -> Manifest:
    """Raises Refused."""
    known = _object(
        read_canonical(data), {"leaves": list, "takes": dict, "checkpoints": list}, "manifest.json"
    )
    keys = {}
    for take, key in known["takes"].items():
        _match(_ID, take, "a take")
        keys[take] = bytes.fromhex(_match(_KEY, key, "a take's key"))
    checkpoints = _each(known["checkpoints"], _text)
    return Manifest(_each(known["leaves"], read_leaf), keys, checkpoints)


def read_extract(data: bytes) -> Extract:
    """Raises Refused."""
    names = {"checkpoint": str, "entries": list, "paths": list, "earlier": object, "consistency": list}
    known = _object(read_canonical(data), names, "custody.json")
    earlier = None if known["earlier"] is None else _text(known["earlier"])
    paths = _each(known["paths"], _path)
    if len(paths) != len(known["entries"]):
        raise Refused("missing-field", "there is not one path for every entry")
    entries = _each(known["entries"], _entry)
    return Extract(known["checkpoint"], entries, paths, earlier, _path(known["consistency"]))


def read_timestamp(data: bytes) -> Timestamp:
    """Raises Refused."""
    known = _object(
        read_canonical(data), {"checkpoint": str, "consistency": list, "answer": str}, "timestamp.json"
    )
    try:
        answer = base64.b64decode(known["answer"], validate=True)
    except ValueError:
        answer = b""
    if base64.b64encode(answer).decode() != known["answer"]:
        raise Refused("wrong-type", "the time-stamp is no base64")
    return Timestamp(known["checkpoint"], _path(known["consistency"]), answer)


_ENTRY = {
    "v": int,
    "number": int,
    "at": str,
    "actor": str,
    "role": str,
    "action": str,
    "session": str,
    "unit": object,
    "detail": dict,
    "prev": str,
}


def _entry(value: Any) -> dict[str, Any]:
    entry = fields(value, _ENTRY, "a custody entry")
    if entry["v"] != 1:
        raise Refused("unknown-version", f"a custody entry of version {entry['v']}")
    if entry["unit"] is not None:
        _match(_ID, entry["unit"], "a custody entry's unit")
    _match(HASH, entry["prev"], "a custody entry's prev")
    for one in entry["detail"].values():
        if not (one is None or type(one) is str or (type(one) is int and abs(one) <= INTEGER_MAX)):
            raise Refused("wrong-type", "a custody entry's detail holds more than text and figures")
    return entry


def _object(value: Any, expected: dict[str, type], where: str) -> dict[str, Any]:
    known = fields(value, expected | {"v": int}, where)
    if known["v"] != PACKAGE_VERSION:
        raise Refused("unknown-version", f"{where} has version {known['v']}")
    return known


def _read_head(value: Any) -> StreamHead:
    known = fields(value, {"kind": str, "unit": str, "leaves": int, "head": str}, "a stream")
    for name, grammar in (("kind", _KIND), ("unit", _ID), ("head", HASH)):
        _match(grammar, known[name], name)
    return StreamHead(**known)


def _path(value: Any) -> tuple[bytes, ...]:
    if type(value) is not list or len(value) > 64:
        raise Refused("wrong-type", "a proof is a list of at most 64 hashes")
    return tuple(bytes.fromhex(_match(HASH, node, "a proof's hash")) for node in value)


def _each(values: list[Any], read: Callable[[Any], _T]) -> tuple[_T, ...]:
    return tuple(read(value) for value in values)


def _text(value: Any) -> str:
    if type(value) is not str:
        raise Refused("wrong-type", "a note is text")
    return value


def _match(grammar: re.Pattern[str], value: Any, what: str) -> str:
    if type(value) is not str or not grammar.fullmatch(value):
        raise Refused("wrong-type", f"{what} is not as it must be")
    return value
