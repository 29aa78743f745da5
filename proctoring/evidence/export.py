"""Making an evidence package of a session: entered in the ledger first, then written, then checked as any
reader would.

Refused while the session still records, while it is restricted, once it is being erased, and without a
ground (`proctoring.disclosures.model`). The package is outside our keeping from then on: the ledger says who
made it, for whom, and on what ground.
"""

import base64
import shutil
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session as Db

from proctoring.clock import iso
from proctoring.core import Core
from proctoring.custody.model import Action, Actor
from proctoring.custody.rows import CertificateRow, CheckpointRow, EntryRow
from proctoring.custody.service import enter, entries
from proctoring.disclosures.model import Asked
from proctoring.disclosures.service import decide
from proctoring.errors import BeingErased, Conflict, Invalid, NotFound
from proctoring.holds.service import check_not_restricted
from proctoring.proofs import checkpoints
from proctoring.proofs.ledger_tree import ledger_tree
from proctoring.proofs.stamps import first_covering
from proctoring.quarantine.service import check_none
from proctoring.recordings.rows import TakeRow, stored
from proctoring.recordings.rows import leaves as leaves_of
from proctoring.sessions.service import session_row
from proctoring.units.model import UnitKind, UnitState
from proctoring.units.rows import UnitRow
from storage.errors import KeyMissing, NotAuthentic, ObjectMissing
from storage.objects.store import ObjectStore
from storage.package import bag
from storage.package.facts import (
    RECIPIENT,
    Extract,
    Manifest,
    Package,
    StreamHead,
    Timestamp,
    encode_openings,
    playlist,
)
from storage.package.verify import verify
from storage.package.verify_stream import media_path, sealed_path
from storage.package.writer import PackageWriter
from storage.proofs.checkpoint import LEDGER_ORIGIN, read_checkpoint, unit_origin
from storage.proofs.commitment import Opening
from storage.proofs.manifest import Leaf, digest
from storage.proofs.sign import Signer
from storage.proofs.tree import Tree
from storage.seal import Opener, SealedUnitKey


@dataclass(frozen=True, slots=True)
class _Stream:
    """One evidence unit as it stood when the export was entered; its keys still sealed."""

    head: StreamHead
    key: SealedUnitKey
    leaves: tuple[Leaf, ...]
    take_keys: dict[str, bytes]


Words = Callable[[Db, str], Collection[Opening]]
"""What a package opens of the session's words. Raises Conflict when the database is not as the ledger
tells."""


class Exporter:
    """Holds the power to open, to read the store and to sign; never to destroy."""

    def __init__(
        self, core: Core, objects: ObjectStore, opener: Opener, signer: Signer, words: Words
    ) -> None:
        self._core = core
        self._objects = objects
        self._opener = opener
        self._signer = signer
        self._words = words

    def export(self, session_id: str, folder: Path, actor: Actor, recipient: str, asked: Asked) -> Package:
        """Write the package into `folder`, which must not exist yet; nothing is left there when it fails.

        Raises Invalid, NotFound, Denied (restricted, or without a ground), BeingErased, Conflict (still
        recording, or what is stored is not what was recorded), Quarantined, StoreFailed.
        """
        if not RECIPIENT.fullmatch(recipient):
            raise Invalid(
                f"{recipient!r} names no recipient.",
                "Give a reference such as appeal:ID or court-case:2026/117, no name: A-Z a-z 0-9 . _ : / @ -",
            )
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            writer = PackageWriter(folder)
        except OSError as error:
            raise Conflict(
                f"{folder} cannot be made: {error.strerror}.", "Name a folder that is not there yet."
            ) from error
        try:
            return self._write(writer, folder, session_id, actor=actor, recipient=recipient, asked=asked)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def _write(
        self,
        writer: PackageWriter,
        folder: Path,
        session_id: str,
        *,
        actor: Actor,
        recipient: str,
        asked: Asked,
    ) -> Package:
        package_id = self._core.new_id()
        with self._core.db.begin() as db:
            streams = _streams(db, session_id, asked.identity)
            disclosure = decide(db, self._core, actor, session_id, asked)
            before = checkpoints.last(db, LEDGER_ORIGIN, copied=True)
            opened = self._words(db, session_id)
            enter(
                db,
                self._core.clock,
                actor,
                Action.EVIDENCE_EXPORT,
                session_id,
                package=package_id,
                recipient=recipient,
                streams=len(streams),
                entries=_entered(db, session_id),
                openings=len(opened),
                **disclosure.detail(),
            )
        with self._core.db.begin() as db:
            number = _entry_of(db, package_id, session_id)
            mine = checkpoints.unsigned_units(db, session_id)
            checkpoints.sign_heads(db, self._core, self._signer, mine)
            head = checkpoints.last(db, LEDGER_ORIGIN)
            assert head is not None
            tree = ledger_tree(db, read_checkpoint(head.note, self._signer.public, LEDGER_ORIGIN))
            extract = _extract(db, session_id, tree, checkpoint=head.note, earlier=before)
            stamp = _timestamp(db, session_id, tree)
            signed = {one.head.unit: checkpoints.notes(db, unit_origin(one.head.unit)) for one in streams}
        for stream in streams:
            self._write_stream(writer, stream, tuple(signed[stream.head.unit]))
        writer.add(bag.CUSTODY, extract.encode())
        writer.add(bag.OPENINGS, encode_openings(opened))
        if stamp is not None:
            writer.add(bag.TIMESTAMP, stamp.encode())
        package = Package(
            package=package_id,
            session=session_id,
            made_at=iso(self._core.clock()),
            made_by=actor.id,
            recipient=recipient,
            ledger_number=number,
            public_key=self._signer.public.hex(),
            streams=tuple(stream.head for stream in streams),
        )
        writer.finish(package, self._signer)
        report = verify(folder, self._signer.public)
        if not report.ok:
            faults = "; ".join(f"{code} {reason}" for code, reason in sorted(report.reasons()))
            raise Conflict(f"The package does not prove what it must: {faults}.", _LOOK)
        return package

    def _write_stream(self, writer: PackageWriter, stream: _Stream, signed: tuple[str, ...]) -> None:
        kind, keys = stream.head.kind, {}
        try:
            unit = self._opener.unit(stream.head.unit, stream.key)
            for at, leaf in enumerate(stream.leaves):
                sealed = self._objects.get(leaf.object_key)
                if digest(sealed) != leaf.ct_sha256:
                    raise NotAuthentic(f"segment {at} of the {kind} is not the one in the manifest")
                sealed_key = stream.take_keys[leaf.take]
                media = unit.open(leaf.take, sealed_key, leaf.seq, leaf.media_type, sealed)
                keys[leaf.take] = unit.take_key(leaf.take, sealed_key)
                writer.add(sealed_path(kind, at), sealed)
                writer.add(media_path(kind, at, leaf), media)
        except (ObjectMissing, KeyMissing) as error:
            raise Conflict(f"Something of the {kind} is gone: {error}.", _LOOK) from error
        except NotAuthentic as error:
            raise Conflict(f"What is stored is not what was recorded: {error}.", _LOOK) from error
        writer.add(f"data/{kind}/manifest.json", Manifest(stream.leaves, keys, signed).encode())
        writer.add(f"data/{kind}/playlist.m3u", playlist(stream.leaves).encode())


_LOOK = "Run `proctoring ledger verify --objects`; it says what was altered, and whether it was erased."


def _streams(db: Db, session_id: str, identity: bool) -> list[_Stream]:
    check_none(db)
    session_row(db, session_id)
    check_not_restricted(db, session_id)
    units = db.scalars(select(UnitRow).where(UnitRow.session_id == session_id).order_by(UnitRow.kind)).all()
    if not units:
        raise NotFound("Nothing has been recorded of this session.", "Export it once it has ended.")
    streams = []
    for unit in units:
        key = unit.key()
        if unit.kind == UnitKind.IDENTITY.value and (
            not identity or key is None or not _was_begun(db, unit.id)
        ):
            continue  # not asked for, gone before the footage, or never sent
        if key is None:
            certificate = db.scalar(select(CertificateRow.id).where(CertificateRow.unit_id == unit.id))
            since = iso(unit.erasing_at) if unit.erasing_at else "an earlier day"
            raise BeingErased(
                f"The recording was erased on {since}.",
                f"Its certificate is {certificate}." if certificate else "Its certificate follows.",
            )
        if unit.state != UnitState.RETAINED.value:
            raise Conflict("The session is still recording.", "Export it once it has ended and settled.")
        leaves = tuple(leaves_of(stored(db, unit.id)))
        takes = db.scalars(select(TakeRow).where(TakeRow.unit_id == unit.id))
        sealed = {take.id: take.sealed_key for take in takes if take.sealed_key is not None}
        head = StreamHead(unit.kind, unit.id, len(leaves), unit.manifest_head)
        streams.append(_Stream(head, key, leaves, sealed))
    return streams


def _extract(
    db: Db, session_id: str, tree: Tree, *, checkpoint: str, earlier: CheckpointRow | None
) -> Extract:
    mine = entries(db, session_id)
    return Extract(
        checkpoint=checkpoint,
        entries=tuple(entry.body() for entry in mine),
        paths=tuple(tuple(tree.inclusion(entry.number - 1)) for entry in mine),
        earlier=earlier.note if earlier else None,
        consistency=tuple(tree.consistency(earlier.size)) if earlier else (),
    )


def _timestamp(db: Db, session_id: str, tree: Tree) -> Timestamp | None:
    """The earliest time-stamp over a ledger in which every take of the session had ended; the newest, where
    that has none yet."""
    ended = [entry.number for entry in entries(db, session_id, action=Action.TAKE_END)]
    stamp = first_covering(db, max(ended, default=0))
    if stamp is None:
        return None
    note = db.get_one(CheckpointRow, (LEDGER_ORIGIN, stamp.size)).note
    return Timestamp(note, tuple(tree.consistency(stamp.size)), base64.b64decode(stamp.answer))


def _entered(db: Db, session_id: str) -> int:
    """How many entries there are about a session; one more at this very moment fails the package's own
    check."""
    mine = select(func.count()).select_from(EntryRow).where(EntryRow.session_id == session_id)
    return db.scalar(mine) or 0


def _was_begun(db: Db, unit_id: str) -> bool:
    return db.scalar(select(TakeRow.id).where(TakeRow.unit_id == unit_id).limit(1)) is not None


def _entry_of(db: Db, package_id: str, session_id: str) -> int:
    """The number of the entry that says that this package is made."""
    exports = (
        entry.number
        for entry in entries(db, session_id, action=Action.EVIDENCE_EXPORT)
        if entry.detail.get("package") == package_id
    )
    return next(exports)
