"""An evidence package in hostile hands: whatever is changed, cut, swapped, added or repeated is a FAIL with a
name. The attacker makes every checksum right again; in some tests even the signature."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from storage.package import bag
from storage.package.facts import read_manifest
from storage.package.verify import verify
from storage.proofs.checkpoint import Checkpoint, unit_origin
from storage.proofs.sign import Signer
from storage.proofs.tree import Frontier
from tests.integration.exported import MANIFEST, MEDIA, SEALED, Exported, exported, failures
from tests.support.packages import copied, edit, reseal

__all__ = ["exported"]

Change = Callable[[Any], None]


@pytest.mark.promise("P13")
def test_an_untouched_package_proves_itself(exported: Exported) -> None:
    """Every check passes, with the package alone and with published key and copies, for every stream."""
    for package in (exported.one, exported.other):
        assert verify(package).ok
        report = verify(package, exported.world.signer.public, exported.copies)
        assert report.ok
        assert {check.subject for check in report.checks if check.code == "segment.seal"} == {
            "webcam",
            "screen",
        }


def swap(package: Path, first: str, second: str) -> None:
    one, two = (package / first).read_bytes(), (package / second).read_bytes()
    (package / first).write_bytes(two)
    (package / second).write_bytes(one)


def test_a_segment_swapped_between_candidates_streams_or_places_is_found(
    exported: Exported, tmp_path: Path
) -> None:
    """Sealed objects changed for each other, with every checksum made right."""
    candidates = copied(exported.one, tmp_path / "candidates")
    shutil.copy(exported.other / SEALED, candidates / SEALED)
    streams = copied(exported.one, tmp_path / "streams")
    swap(streams, SEALED, SEALED.replace("webcam", "screen"))
    places = copied(exported.one, tmp_path / "places")
    swap(places, SEALED, "data/webcam/sealed/00000002.pev")
    for package in (candidates, streams, places):
        reseal(package)
        assert {
            ("segment.hash", "wrong-hash"),
            ("segment.seal", "not-authentic"),
            ("package.signature", "other-package"),
        } <= failures(package, exported)


def test_media_that_were_not_recorded_are_found(exported: Exported, tmp_path: Path) -> None:
    """The opened file is replaced by another: it is not what the sealed segment holds."""
    package = copied(exported.one, tmp_path / "media")
    shutil.copy(exported.other / MEDIA, package / MEDIA)
    reseal(package)
    assert ("segment.media", "wrong-media") in failures(package, exported)


def drop_last(manifest: dict[str, Any]) -> None:
    manifest["leaves"].pop()


def turn_over(manifest: dict[str, Any]) -> None:
    manifest["leaves"][1:] = reversed(manifest["leaves"][1:])


def repeat(manifest: dict[str, Any]) -> None:
    manifest["leaves"].insert(1, manifest["leaves"][0])


def drop_middle(manifest: dict[str, Any]) -> None:
    del manifest["leaves"][1]


@pytest.mark.parametrize(
    ("path", "change", "failure"),
    [
        (MANIFEST, drop_last, ("manifest.chain", "wrong-head")),
        (MANIFEST, drop_last, ("takes.entered", "tail-cut")),
        (MANIFEST, drop_last, ("checkpoint.end", "tail-cut")),
        (MANIFEST, drop_last, ("checkpoint.copies", "tail-cut")),
        (MANIFEST, turn_over, ("manifest.chain", "broken-chain")),
        (MANIFEST, turn_over, ("tree.root", "rewritten")),
        (MANIFEST, repeat, ("manifest.chain", "broken-chain")),
        (MANIFEST, repeat, ("manifest.sequence", "missing-seq")),
        (MANIFEST, drop_middle, ("manifest.sequence", "missing-seq")),
        (MANIFEST, lambda m: m["leaves"][0].update(start_ms=9), ("manifest.chain", "broken-chain")),
        (MANIFEST, lambda m: m["leaves"][2].update(start_ms=9), ("manifest.chain", "wrong-head")),
        (MANIFEST, lambda m: m["leaves"][2].update(start_ms=9), ("takes.entered", "rewritten")),
        (MANIFEST, lambda m: m["leaves"][0].update(unit="a" * 16), ("manifest.format", "wrong-place")),
        (MANIFEST, lambda m: m["leaves"][0].update(note="x"), ("manifest.format", "unknown-field")),
        (MANIFEST, lambda m: m["leaves"][0].pop("prev"), ("manifest.format", "missing-field")),
        (MANIFEST, lambda m: m["leaves"][0].update(ct_len=True), ("manifest.format", "wrong-type")),
        (MANIFEST, lambda m: m["leaves"][0].update(v=2), ("manifest.format", "unknown-version")),
        (MANIFEST, lambda m: m["leaves"][0].update(media_type="text/html"), ("stream.files", "media-type")),
        (MANIFEST, lambda m: m["takes"].clear(), ("manifest.sequence", "wrong-takes")),
        (MANIFEST, lambda m: m["checkpoints"].clear(), ("checkpoint.end", "tail-cut")),
        (MANIFEST, lambda m: m.update(v=2), ("manifest.format", "unknown-version")),
        ("data/package.json", lambda p: p.update(note="x"), ("package.format", "unknown-field")),
        ("data/package.json", lambda p: p.update(recipient="court"), ("custody.export", "not-entered")),
        ("data/package.json", lambda p: p.update(made_by="cli:x"), ("custody.export", "not-entered")),
        ("data/package.json", lambda p: p["streams"].pop(), ("package.files", "extra-file")),
        (
            "data/package.json",
            lambda p: p["streams"].append(p["streams"][0]),
            ("package.format", "repeated"),
        ),
        ("data/package.json", lambda p: p.update(session="a" * 16), ("custody.chain", "other-session")),
        ("data/custody.json", lambda c: c["entries"][3].update(actor="x"), ("custody.tree", "not-in-tree")),
        ("data/custody.json", lambda c: c["entries"][3].update(actor="x"), ("custody.chain", "broken-chain")),
        ("data/custody.json", lambda c: c["entries"].reverse(), ("custody.chain", "out-of-order")),
        ("data/custody.json", lambda c: c["entries"].pop(), ("custody.format", "missing-field")),
        (
            "data/custody.json",
            lambda c: (c["entries"].pop(), c["paths"].pop()),
            ("custody.export", "not-entered"),
        ),
        (
            "data/custody.json",
            lambda c: (c["entries"].pop(3), c["paths"].pop(3)),
            ("takes.entered", "not-entered"),
        ),
        ("data/custody.json", lambda c: c["consistency"].pop(), ("custody.earlier", "rewritten")),
        ("data/custody.json", lambda c: c.update(checkpoint="x"), ("custody.checkpoint", "wrong-note")),
    ],
)
def test_an_edited_package_fails_by_name_even_when_it_is_signed_again(
    exported: Exported, tmp_path: Path, path: str, change: Change, failure: tuple[str, str]
) -> None:
    """The attacker has the signing key of packages too, and makes every checksum right."""
    package = copied(exported.one, tmp_path / "package")
    edit(package, path, change)
    reseal(package, exported.world.signer)
    assert failure in failures(package, exported)


def test_an_older_checkpoint_does_not_hide_a_cut_tail(exported: Exported, tmp_path: Path) -> None:
    """Cut, relabelled, signed anew with the real key over the shorter tree: ledger and copies tell."""
    package = copied(exported.one, tmp_path / "cut")
    edit(package, MANIFEST, drop_last)
    manifest = read_manifest((package / MANIFEST).read_bytes())
    frontier = Frontier()
    for leaf in manifest.leaves:
        frontier.append(bytes.fromhex(leaf.hash()))
    unit, head = manifest.leaves[0].unit, manifest.leaves[-1].hash()
    note = Checkpoint(unit_origin(unit), 2, frontier.root()).signed(exported.world.signer)
    edit(package, MANIFEST, lambda m: m.update(checkpoints=[note]))
    edit(package, "data/package.json", lambda p: relabel(p, unit, 2, head))
    (package / "data/webcam/sealed/00000002.pev").unlink()
    (package / "data/webcam/media/00000002.webm").unlink()
    playlist = package / "data/webcam/playlist.m3u"
    playlist.write_text(playlist.read_text().replace("media/00000002.webm\n", ""))
    reseal(package, exported.world.signer)
    assert failures(package, exported) == {("takes.entered", "tail-cut"), ("checkpoint.copies", "tail-cut")}


def relabel(package: dict[str, Any], unit: str, leaves: int, head: str) -> None:
    for stream in package["streams"]:
        if stream["unit"] == unit:
            stream.update(leaves=leaves, head=head)


def test_streams_that_change_names_are_found(exported: Exported, tmp_path: Path) -> None:
    """The screen is shown as the webcam and the other way round, consistently, with the signing key."""
    package = copied(exported.one, tmp_path / "names")
    (package / "data/webcam").rename(package / "data/x")
    (package / "data/screen").rename(package / "data/webcam")
    (package / "data/x").rename(package / "data/screen")

    def exchange(facts: dict[str, Any]) -> None:
        first, second = facts["streams"]
        first["kind"], second["kind"] = second["kind"], first["kind"]

    edit(package, "data/package.json", exchange)
    reseal(package, exported.world.signer)
    assert failures(package, exported) == {
        ("takes.entered", "other-stream"),
        ("package.complete", "other-unit"),
    }


def test_another_key_or_another_packages_signature_does_not_do(exported: Exported, tmp_path: Path) -> None:
    """Replay: the signature of one package under another; and a package wholly signed by a stranger."""
    replayed = copied(exported.one, tmp_path / "replayed")
    shutil.copy(exported.other / bag.NOTE, replayed / bag.NOTE)
    assert failures(replayed, exported) == {("package.signature", "other-package")}
    stranger = Signer(b"3" * 32)
    foreign = copied(exported.one, tmp_path / "foreign")
    edit(foreign, "data/package.json", lambda p: p.update(public_key=stranger.public.hex()))
    reseal(foreign, stranger)
    assert {("package.key", "other-key"), ("checkpoint.signature", "other-key")} <= failures(
        foreign, exported
    )
