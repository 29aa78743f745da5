"""Targets of the fuzzing, and what must hold: a reader answers or refuses, and a changed package never
passes.
"""

import hashlib
import random
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from capture.media.jpeg import picture_only
from proctoring.errors import Invalid
from proctoring.exams.model import Stream
from proctoring.recordings import ending
from storage.errors import NotAuthentic, Refused
from storage.package import bag
from storage.package.facts import read_extract, read_manifest, read_package
from storage.package.verify import verify
from storage.proofs import witness
from storage.proofs.checkpoint import read_checkpoint
from storage.seal import open_segment
from tests.fuzz.mutate import mutate_bytes, mutate_json, mutate_package
from tests.support.packages import export
from tests.support.world import SEGMENT_MS, World

Target = Callable[[random.Random], str]


class Fuzzed:
    """One genuine package as the seed of every mutation."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        world = World(folder)
        session = world.admitted(world.exam(streams=(Stream.WEBCAM,)))
        for take in range(2):
            begun = world.begin(session)
            for seq in range(2):
                world.store(
                    begun, seq, world.clock.unix_ms + seq * SEGMENT_MS, b"frame" * (10 + 4000 * seq * take)
                )
            world.end(begun)
            world.clock.move(seconds=10)
        with world.core.db.begin() as db:
            session = ending.finish(db, world.core, session.id)
        self._package = folder / "package"
        export(world, session, self._package)
        self._signer = world.signer
        world.core.db.close()
        noise = np.random.default_rng(1).integers(0, 255, (64, 96, 3), dtype=np.uint8)
        self._picture = cv2.imencode(".jpg", noise)[1].tobytes()
        self._genuine = state(self._package)
        self.targets: dict[str, Target] = {
            "package.json": lambda c: self._parse(c, read_package, bag.PACKAGE),
            "custody.json": lambda c: self._parse(c, read_extract, bag.CUSTODY),
            "manifest.json": lambda c: self._parse(c, read_manifest, "data/webcam/manifest.json"),
            "checkpoint": self._note,
            "sums": self._sums,
            "witness": self._witness,
            "segment": self._segment,
            "package": self._whole,
            "jpeg": self._jpeg,
        }

    def _parse(self, chance: random.Random, read: Callable[[bytes], object], path: str) -> str:
        mutate = chance.choice((mutate_bytes, mutate_json))
        try:
            read(mutate(chance, (self._package / path).read_bytes()))
        except Refused as refused:
            return refused.reason
        return "read"

    def _note(self, chance: random.Random) -> str:
        manifest = read_manifest((self._package / "data/webcam/manifest.json").read_bytes())
        note = manifest.checkpoints[-1]
        data = mutate_bytes(chance, note.encode()).decode(
            errors=chance.choice(("replace", "surrogateescape"))
        )
        try:
            read_checkpoint(data, self._signer.public)
        except Refused as refused:
            return refused.reason
        assert data == note, "a changed checkpoint was read"
        return "read"

    def _sums(self, chance: random.Random) -> str:
        text = mutate_bytes(chance, (self._package / bag.MANIFEST).read_bytes()).decode(errors="replace")
        try:
            bag.read_sums(text, bag.MANIFEST)
        except Refused as refused:
            return refused.reason
        return "read"

    def _witness(self, chance: random.Random) -> str:
        path = self._folder / "witness"
        path.unlink(missing_ok=True)
        signed = [kind("{}", "00") for kind in witness.KINDS.values()]
        witness.append(path, ["a note\n", *signed, witness.StampCopy("a note\n", "AA=="), "another\n"])
        path.write_bytes(mutate_bytes(chance, path.read_bytes()))
        witness.append(path, ["after"])
        lines, _ = witness.read(path)
        assert lines[-1] == "after", "a damaged copy swallowed what came after"
        followed = [line for line, _ in witness.follow(path) if line is not None]
        assert followed == lines, "who follows the copy sees another than who reads it"
        return f"{len(lines)} lines"

    def _segment(self, chance: random.Random) -> str:
        at = chance.randrange(4)
        manifest = read_manifest((self._package / "data/webcam/manifest.json").read_bytes())
        leaf = manifest.leaves[at]
        sealed = (self._package / f"data/webcam/sealed/{at:08d}.pev").read_bytes()
        changed = mutate_bytes(chance, sealed)
        try:
            key = manifest.take_keys[leaf.take]
            open_segment(
                key,
                unit_id=leaf.unit,
                take_id=leaf.take,
                seq=leaf.seq,
                media_type=leaf.media_type,
                sealed=changed,
            )
        except NotAuthentic:
            return "not-authentic"
        assert changed == sealed, "a changed segment opened"
        return "opened"

    def _jpeg(self, chance: random.Random) -> str:
        changed = mutate_bytes(chance, self._picture)
        try:
            kept = picture_only(changed)
        except Invalid:
            return "invalid"
        assert len(kept) <= len(changed)
        return "kept"

    def _whole(self, chance: random.Random) -> str:
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            root = Path(folder) / "package"
            shutil.copytree(self._package, root)
            mutate_package(chance, root, self._signer)
            report = verify(root, self._signer.public)
            for check in report.checks:
                assert "\n" not in check.line()
            assert not report.ok or state(root) == self._genuine, "a changed package passed"
        failed = [check for check in report.checks if not check.passed]
        return f"{failed[0].code} {failed[0].reason}" if failed else "passed unchanged"


def state(root: Path) -> dict[str, str]:
    """What lies in a package: path and hash of each file."""
    files = [file for file in root.rglob("*") if file.is_symlink() or not file.is_dir()]
    return {
        str(file.relative_to(root)): hashlib.sha256(file.read_bytes()).hexdigest()
        if file.is_file() and not file.is_symlink()
        else "foreign"
        for file in files
    }
