"""The one written form of everything that is hashed or signed: RFC 8785 JSON of strings, integers and lists.

Floats, NaN and repeated keys never occur, so `json` writes the canonical form. Reading accepts only that
form, so two different files never mean the same. `context` makes the bytes that seals and tags are bound to.
"""

import json
import struct
from collections.abc import Mapping
from typing import Any

from storage.errors import Refused

INTEGER_MAX = 2**53 - 1
"""RFC 8785, section 3.2.2.3: greater integers are not the same for every reader."""

Fields = Mapping[str, type]


def canonical(value: object) -> bytes:
    """The RFC 8785 form as UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def context(label: str, *parts: str | int) -> bytes:
    """Injective: every part with its length before it, so that no two lists of parts look alike."""
    encoded = [label.encode(), *(str(part).encode() for part in parts)]
    return b"".join(struct.pack(">I", len(part)) + part for part in encoded)


def read_canonical(data: bytes) -> Any:
    """The value whose canonical form is exactly `data`. Raises Refused `not-canonical`."""
    try:
        value = json.loads(data.decode())
        if canonical(value) == data:
            return value
    except (ValueError, RecursionError):
        pass
    raise Refused("not-canonical", "this is no RFC 8785 JSON")


def fields(value: Any, expected: Fields, where: str) -> dict[str, Any]:
    """`value` itself, if it is an object of exactly these fields and types (`object`: any type).

    Raises Refused `unknown-field`, `missing-field` or `wrong-type`.
    """
    if type(value) is not dict:
        raise Refused("wrong-type", f"{where} is no object")
    for name in value.keys() - expected.keys():
        raise Refused(
            "unknown-field", f"{where} has the field {name[:40]!r}, which this version does not know"
        )
    for name in sorted(expected.keys() - value.keys()):
        raise Refused("missing-field", f"{where} has no {name}")
    for name, kind in expected.items():
        if kind is not object and type(value[name]) is not kind:
            raise Refused("wrong-type", f"{where}: {name} is no {kind.__name__}")
        if kind is int and not 0 <= value[name] <= INTEGER_MAX:
            raise Refused("wrong-type", f"{where}: {name} is out of range")
    return value
