"""Signed bodies in the copy (`docs/formats/signed-bodies.md`): acts, certificates, restorations."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from proctoring.clock import iso, parse_instant
from proctoring.custody.model import Action
from storage.canonical import canonical, fields, read_canonical
from storage.errors import Refused
from storage.proofs.witness import CertificateCopy

DECISIVE = frozenset({Action.HOLD_PLACE, Action.HOLD_RELEASE, Action.EVIDENCE_ERASE})
"""The acts that decide over the life of evidence."""


@dataclass(frozen=True, slots=True)
class Act:
    """One of DECISIVE, by random ids alone. `number`: its entry in the ledger."""

    action: Action
    at: datetime
    number: int
    session: str
    units: tuple[str, ...]
    hold: str | None = None
    kind: str | None = None
    due_at: datetime | None = None

    def body(self) -> str:
        """What is signed."""
        facts = {
            "v": 1,
            "act": self.action.value,
            "at": iso(self.at),
            "due_at": iso(self.due_at) if self.due_at else None,
            "hold": self.hold,
            "kind": self.kind,
            "number": self.number,
            "session": self.session,
            "units": list(self.units),
        }
        return canonical(facts).decode()


@dataclass(frozen=True, slots=True)
class Erasure:
    """That a unit was to be erased, or was: then with its certificate."""

    unit: str
    session: str
    due_at: datetime
    decided_at: datetime
    erased_at: datetime | None = None
    certificate_id: str = ""
    certificate: CertificateCopy | None = None


@dataclass(frozen=True, slots=True)
class Loss:
    """Of one tree: the last state that both histories share, and the last one that was lost."""

    origin: str
    kept: int
    kept_root: bytes
    lost: int
    lost_root: bytes


@dataclass(frozen=True, slots=True)
class Restoration:
    """A declared break: the database was put back to a backup. `head`: how long its ledger was then."""

    quarantine: str
    at: datetime
    head: int
    losses: tuple[Loss, ...]

    def body(self) -> str:
        """What is signed."""
        lost = [
            {
                "origin": loss.origin,
                "kept": loss.kept,
                "kept_root": loss.kept_root.hex(),
                "lost": loss.lost,
                "lost_root": loss.lost_root.hex(),
            }
            for loss in self.losses
        ]
        facts = {"v": 1, "at": iso(self.at), "head": self.head, "lost": lost, "quarantine": self.quarantine}
        return canonical(facts).decode()


def read_act(body: str) -> Act:
    """Raises Refused for what is no act of this version."""
    expected = {"v": int, "act": str, "at": str, "due_at": object, "hold": object, "kind": object,
                "number": int, "session": str, "units": list}  # fmt: skip
    found = fields(read_canonical(body.encode()), expected, "the act")
    action = next((one for one in DECISIVE if one.value == found["act"]), None)
    if found["v"] != 1 or action is None:
        raise Refused("wrong-type", "this is no act of this version")
    due_at = None if found["due_at"] is None else _instant(found["due_at"])
    hold, kind = (None if found[name] is None else _text(found[name]) for name in ("hold", "kind"))
    units = tuple(_text(unit) for unit in found["units"])
    return Act(action, _instant(found["at"]), found["number"], found["session"], units, hold, kind, due_at)


def read_restoration(body: str) -> Restoration:
    """Raises Refused for what is no restoration of this version."""
    expected = {"v": int, "at": str, "head": int, "lost": list, "quarantine": str}
    found = fields(read_canonical(body.encode()), expected, "the restoration")
    if found["v"] != 1:
        raise Refused("wrong-type", "this is no restoration of this version")
    loss = {"origin": str, "kept": int, "kept_root": str, "lost": int, "lost_root": str}
    losses = [fields(one, loss, "the loss") for one in found["lost"]]
    return Restoration(
        found["quarantine"],
        _instant(found["at"]),
        found["head"],
        tuple(
            Loss(one["origin"], one["kept"], _bytes(one["kept_root"]), one["lost"], _bytes(one["lost_root"]))
            for one in losses
        ),
    )


def read_certificate(copy: CertificateCopy) -> Erasure:
    """Raises Refused for what is no erasure certificate, of whatever version."""
    try:
        body: dict[str, Any] = json.loads(copy.body)
        return Erasure(
            _text(body["unit"]),
            _text(body["session"]),
            _instant(body["due_at"]),
            _instant(body["decided_at"]),
            _instant(body["erased_at"]),
            _text(body["certificate"]),
            copy,
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Refused("wrong-type", "this is no erasure certificate") from error


def _text(value: object) -> str:
    if type(value) is not str:
        raise Refused("wrong-type", "an id is a text")
    return value


def _bytes(value: str) -> bytes:
    try:
        return bytes.fromhex(value)
    except ValueError as error:
        raise Refused("wrong-type", "a root is written in hex") from error


def _instant(value: object) -> datetime:
    try:
        return parse_instant(_text(value))
    except ValueError as error:
        raise Refused("wrong-type", "this is no instant") from error
