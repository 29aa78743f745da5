"""The checks of one stream of a package: manifest, tree, checkpoints, takes, sealed segments, media."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from storage.errors import NotAuthentic, Refused
from storage.package import bag
from storage.package.facts import Manifest, Package, StreamHead, media_suffix, playlist
from storage.package.report import Report
from storage.package.verify_custody import TAKE_BEGIN, TAKE_END
from storage.proofs.checkpoint import Checkpoint, read_checkpoint, unit_origin
from storage.proofs.manifest import GENESIS, Leaf, first_break
from storage.proofs.tree import Frontier
from storage.seal import open_segment


def stream_files(stream: StreamHead, manifest: Manifest) -> set[str]:
    """Every file that a stream with this manifest has. Raises Refused `media-type`."""
    folder = f"data/{stream.kind}"
    files = {f"{folder}/manifest.json", f"{folder}/playlist.m3u"}
    for at, leaf in enumerate(manifest.leaves):
        files |= {sealed_path(stream.kind, at), media_path(stream.kind, at, leaf)}
    return files


def sealed_path(kind: str, position: int) -> str:
    """Path of a sealed segment in the package, by its position in the stream's manifest."""
    return f"data/{kind}/sealed/{position:08d}.pev"


def media_path(kind: str, position: int, leaf: Leaf) -> str:
    """Path of its opened media. Raises Refused `media-type`."""
    return f"data/{kind}/media/{position:08d}.{media_suffix(leaf.media_type)}"


def check_stream(
    report: Report,
    root: Path,
    package: Package,
    stream: StreamHead,
    *,
    manifest: Manifest,
    acts: Sequence[dict[str, Any]],
    copies: Sequence[Checkpoint],
) -> None:
    """Adds manifest.*, takes.*, checkpoint.*, tree.root and segment.* of the stream to the report."""
    kind, leaves = stream.kind, manifest.leaves
    public = bytes.fromhex(package.public_key)
    report.run("manifest.unit", kind, lambda: _unit(stream, leaves))
    report.run("manifest.chain", kind, lambda: _chain(stream, leaves), f"{len(leaves)} leaves")
    report.run("manifest.sequence", kind, lambda: _sequence(manifest))
    report.run("takes.entered", kind, lambda: _takes(kind, leaves, acts))
    said = f"{len(manifest.checkpoints)} checkpoints"
    read = report.run(
        "checkpoint.signature",
        kind,
        lambda: [read_checkpoint(note, public, unit_origin(stream.unit)) for note in manifest.checkpoints],
        said,
    )
    if read is not None:
        report.run("checkpoint.end", kind, lambda: _end(leaves, read))
        report.run("tree.root", kind, lambda: _roots(leaves, read))
    mine = [copy for copy in copies if copy.origin == unit_origin(stream.unit)]
    report.run("checkpoint.copies", kind, lambda: _roots(leaves, mine), f"{len(mine)} copies")
    _check_segments(report, root, stream, manifest)


def _unit(stream: StreamHead, leaves: tuple[Leaf, ...]) -> None:
    for at, leaf in enumerate(leaves):
        if leaf.unit != stream.unit:
            raise Refused("other-unit", f"leaf {at} is of another evidence unit")


def _chain(stream: StreamHead, leaves: tuple[Leaf, ...]) -> None:
    broken = first_break(list(leaves))
    if broken is not None:
        raise Refused("broken-chain", f"leaf {broken} does not follow from the one before it")
    head = leaves[-1].hash() if leaves else GENESIS
    if (len(leaves), head) != (stream.leaves, stream.head):
        raise Refused(
            "wrong-head", f"the manifest does not end as package.json says, with {stream.leaves} leaves"
        )


def _sequence(manifest: Manifest) -> None:
    numbers: dict[str, list[int]] = {}
    for leaf in manifest.leaves:
        numbers.setdefault(leaf.take, []).append(leaf.seq)
    for take, found in numbers.items():
        for expected, seq in enumerate(sorted(found)):
            if seq != expected:
                raise Refused("missing-seq", f"take {take} has number {seq} where {expected} is next")
    if numbers.keys() != manifest.take_keys.keys():
        raise Refused("wrong-takes", "there is not one key for each take of the manifest")


def _takes(kind: str, leaves: tuple[Leaf, ...], acts: Sequence[dict[str, Any]]) -> None:
    """Every take was begun as this stream and ended, once; the manifest is as long as each ending says."""
    count = Counter((entry["action"], entry["detail"].get("take")) for entry in acts)
    begun = {take for action, take in count if action == TAKE_BEGIN}
    for take in sorted({leaf.take for leaf in leaves} - begun):
        raise Refused("not-entered", f"the ledger has no beginning of take {take}")
    for take in begun:
        if (count[TAKE_BEGIN, take], count[TAKE_END, take]) != (1, 1):
            raise Refused("not-entered", f"the ledger has not one beginning and one end of take {take!r}")
    for entry in acts:
        if entry["action"] == TAKE_BEGIN and entry["detail"].get("stream") != kind:
            raise Refused("other-stream", f"entry {entry['number']} began another stream than the {kind}")
    heads = [GENESIS, *(leaf.hash() for leaf in leaves)]
    for entry in acts:
        size, head = entry["detail"].get("leaves"), entry["detail"].get("head")
        if entry["action"] != TAKE_END or size is None:
            continue
        if type(size) is not int or not 0 <= size < len(heads):
            raise Refused("tail-cut", f"entry {entry['number']} saw {size} leaves; there are {len(leaves)}")
        if heads[size] != head:
            raise Refused("rewritten", f"entry {entry['number']} saw another leaf {size - 1}")


def _end(leaves: tuple[Leaf, ...], checkpoints: Sequence[Checkpoint]) -> None:
    if not checkpoints or checkpoints[-1].size != len(leaves):
        raise Refused("tail-cut", f"the last checkpoint is not over these {len(leaves)} leaves")


def _roots(leaves: tuple[Leaf, ...], checkpoints: Sequence[Checkpoint]) -> None:
    roots = [(frontier := Frontier()).root()]
    for leaf in leaves:
        frontier.append(bytes.fromhex(leaf.hash()))
        roots.append(frontier.root())
    for checkpoint in checkpoints:
        if checkpoint.size >= len(roots):
            raise Refused("tail-cut", f"a checkpoint saw {checkpoint.size} leaves; there are {len(leaves)}")
        if roots[checkpoint.size] != checkpoint.root:
            raise Refused("rewritten", f"the first {checkpoint.size} leaves are not those that were signed")


def _check_segments(report: Report, root: Path, stream: StreamHead, manifest: Manifest) -> None:
    """One reading of each file; the first refusal of each kind is what is reported."""
    found: dict[str, Refused] = {}
    for at in range(len(manifest.leaves)):
        for code, refused in _segment(root, stream.kind, manifest, at):
            found.setdefault(code, refused)
    said = f"{len(manifest.leaves)} segments"
    for code in ("segment.hash", "segment.seal", "segment.media"):
        with report.part(code, stream.kind, said):
            if code in found:
                raise found[code]
    with report.part("segment.playlist", stream.kind):
        text = bag.read_file(root, f"data/{stream.kind}/playlist.m3u")
        if text != playlist(manifest.leaves).encode():
            raise Refused("wrong-order", "playlist.m3u is not in the order of the time line")


def _segment(root: Path, kind: str, manifest: Manifest, at: int) -> list[tuple[str, Refused]]:
    leaf = manifest.leaves[at]
    try:
        sealed = bag.read_file(root, sealed_path(kind, at))
    except Refused as refused:
        return [("segment.hash", refused)]
    failures = []
    if (len(sealed), hashlib.sha256(sealed).hexdigest()) != (leaf.ct_len, leaf.ct_sha256):
        failures.append(
            ("segment.hash", Refused("wrong-hash", f"segment {at} is not the one in the manifest"))
        )
    try:
        key = manifest.take_keys.get(leaf.take, b"\0" * 32)
        plain = open_segment(
            key, unit_id=leaf.unit, take_id=leaf.take, seq=leaf.seq, media_type=leaf.media_type, sealed=sealed
        )
    except (NotAuthentic, ValueError):
        closed = Refused("not-authentic", f"segment {at} does not open in its place with its take's key")
        return [*failures, ("segment.seal", closed)]
    try:
        same = bag.read_file(root, media_path(kind, at, leaf)) == plain
    except Refused as refused:
        return [*failures, ("segment.media", refused)]
    if not same:
        failures.append(("segment.media", Refused("wrong-media", f"media file {at} is not what was sealed")))
    return failures
