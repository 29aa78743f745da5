"""Evidence packages for tests: one made by the real exporter, and ways to tamper with copies of it.

`reseal` does what an attacker without the signing key can do: make every sum of the bag right again.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from proctoring.custody.model import Actor
from proctoring.disclosures.model import Asked, Ground
from proctoring.evidence.export import Exporter
from proctoring.proofs.checkpoints import Checkpoints
from proctoring.proofs.words import words_of
from proctoring.sessions.model import Session
from storage.canonical import canonical
from storage.package import bag
from storage.package.facts import Package
from storage.package.writer import PACKAGE_ORIGIN, package_note_text
from storage.proofs.note import NoteSigner, sign_note
from tests.support.world import World

OPERATOR = Actor("cli:op", "operator")
RECIPIENT = "appeal:one"
ASKED = Asked(Ground.REQUEST, "request:one", identity=True)


def export(world: World, session: Session, folder: Path) -> Package:
    """The package of a session in `folder`."""
    exporter = Exporter(world.core, world.objects, world.opener, world.signer, words_of)
    return exporter.export(session.id, folder, OPERATOR, RECIPIENT, ASKED)


def checkpoints(world: World, copy: Path | None = None) -> Checkpoints:
    """The job that signs what has grown and copies it off the host."""
    return Checkpoints(world.core, world.signer, copy)


def copied(package: Path, to: Path) -> Path:
    """A copy to tamper with."""
    shutil.copytree(package, to, symlinks=True)
    return to


def edit(package: Path, path: str, change: Callable[[Any], None]) -> None:
    """Change a JSON file of the package in place, keeping its canonical form."""
    value = json.loads((package / path).read_bytes())
    change(value)
    (package / path).write_bytes(canonical(value))


def reseal(package: Path, signer: NoteSigner | None = None) -> None:
    """Make sums and bag-info right for what lies there now; sign it anew when a signer is given."""
    files = [file for file in sorted((package / "data").rglob("*")) if file.is_file()]
    sums = {file.relative_to(package).as_posix(): bag.sha256(file.read_bytes()) for file in files}
    facts = json.loads((package / bag.PACKAGE).read_bytes())
    sizes = {path: (package / path).stat().st_size for path in sums}
    (package / bag.INFO).write_text(bag.info_text(facts["package"], facts["made_at"], sizes))
    (package / bag.MANIFEST).write_text(bag.sums_text(sums))
    tags = {path: bag.sha256((package / path).read_bytes()) for path in bag.TAGGED}
    (package / bag.TAG_MANIFEST).write_text(bag.sums_text(tags))
    if signer is not None:
        text = package_note_text(facts["package"], (package / bag.TAG_MANIFEST).read_bytes())
        (package / bag.NOTE).write_text(sign_note(signer, PACKAGE_ORIGIN, text))
