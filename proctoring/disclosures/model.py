"""A disclosure (P14): a package of evidence that leaves the service. Pure.

    ground      to whom                  needs
    appeal      the appeals committee    an open appeal of the session
    request     the candidate            a reference, which whoever exports declares
    authority   a public authority       a second person, named
    court       a court                  a second person, named
    consent     whom they agreed to      a second person, named
    trial       nobody                   a service that is being tried out (PROCTORING_ENV=dev)

Nothing leaves on another ground. The copy of the identity card leaves only where it is asked for by name.
The ledger tells ground, basis and second person, in closed words and ids. They are what the person who
exports declares: the service asks neither the one who is named nor the candidate. The ledger and the
candidate's page show what was declared, so that whoever did not agree can object.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from proctoring.access.model import Person, Role
from proctoring.custody.model import Action, Actor, Entry
from proctoring.errors import Denied, Invalid
from storage.package.facts import IDENTITY, RECIPIENT, WITHOUT


class Ground(StrEnum):
    APPEAL = "appeal"
    REQUEST = "request"
    AUTHORITY = "authority"
    COURT = "court"
    CONSENT = "consent"
    TRIAL = "trial"


BY_TWO = (Ground.AUTHORITY, Ground.COURT, Ground.CONSENT)
"""Grounds for which a second person is named."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A person's request for evidence. `ground`: None for the session's open appeal, or for a trial. `basis`:
    the reference of a request. `second`: the second person named. `identity`: whether the card is named."""

    ground: Ground | None = None
    basis: str | None = None
    second: Person | None = None
    identity: bool = False


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One that may be made. `basis`: an appeal's id, or a request's reference; `second`: a person's id."""

    ground: Ground
    basis: str | None
    second: str | None
    identity: bool

    def detail(self) -> dict[str, str | None]:
        """As the export's entry tells it."""
        told = {"ground": self.ground.value, "basis": self.basis, "second": self.second}
        return told if self.identity else told | {WITHOUT: IDENTITY}


@dataclass(frozen=True, slots=True)
class Given:
    """A copy that was given, as the candidate sees it. `ground`: None where an older ledger is silent."""

    at: datetime
    ground: Ground | None
    identity: bool


def disclosure(asked: Asked, open_appeal: str | None, actor: Actor, trial: bool = False) -> Disclosure:
    """Decide whether it may be made. `open_appeal`: the id of the session's open appeal; `trial`: whether the
    service is being tried out.

    Raises Denied without a ground, or without the second person that it needs; Invalid for a reference that
    could be a name.
    """
    ground = asked.ground or (Ground.APPEAL if open_appeal else Ground.TRIAL)
    if ground is Ground.TRIAL and not trial:
        raise Denied("There is no ground to give this recording to anybody.", _REMEDY)
    if ground is Ground.APPEAL and open_appeal is None:
        raise Denied("No appeal of this session is open.", _REMEDY)
    if ground is Ground.REQUEST and not RECIPIENT.fullmatch(asked.basis or ""):
        raise Invalid(
            "A request of the candidate has a reference.",
            "Give one such as request:2026/117, no name: A-Z a-z 0-9 . _ : / @ -",
        )
    second = _second(asked.second, actor) if ground in BY_TWO else None
    basis = {Ground.APPEAL: open_appeal, Ground.REQUEST: asked.basis}.get(ground)
    return Disclosure(ground, basis, second, asked.identity)


def _second(person: Person | None, actor: Actor) -> str:
    if person is None or person.id == actor.id:
        raise Denied(
            "A second person has to be named.",
            "Name a privacy officer: --second NAME.",
        )
    if person.role is not Role.PRIVACY_OFFICER:
        raise Denied(
            f"The second person is a privacy officer; a {person.role.value} is none.",
            "Name a privacy officer: --second NAME.",
        )
    return person.id


def given(entries: Iterable[Entry]) -> tuple[Given, ...]:
    """Every copy that was given, from the custody ledger, the newest first."""
    grounds = {ground.value: ground for ground in Ground}
    found = [
        Given(entry.at, grounds.get(str(entry.detail.get("ground"))), entry.detail.get(WITHOUT) != IDENTITY)
        for entry in entries
        if entry.action is Action.EVIDENCE_EXPORT
    ]
    return tuple(reversed(found))


_REMEDY = (
    "Give --request REFERENCE where the candidate asked for it; or --ground "
    f"{'|'.join(ground.value for ground in BY_TWO)} with --second NAME."
)
