"""Checking an evidence package offline, with the package alone: every claim in it, one PASS or FAIL each.

Nothing in the package is trusted, and no input makes it crash. `docs/formats/package.md` says what it proves,
and against whom. Readers compare the signing key's fingerprint with the one that the exam body has published;
given as `pinned`, it is compared here.
"""

from collections.abc import Sequence
from pathlib import Path

from storage.errors import Refused
from storage.package import bag
from storage.package.facts import Package, read_extract, read_manifest, read_package
from storage.package.report import Report
from storage.package.verify_complete import check_complete
from storage.package.verify_custody import check_custody, take_entries
from storage.package.verify_stream import check_stream, stream_files
from storage.package.verify_timestamp import check_time
from storage.package.writer import PACKAGE_ORIGIN, package_note_text
from storage.proofs.checkpoint import Checkpoint
from storage.proofs.note import open_note
from storage.proofs.timestamp import Roots

Copies = Sequence[Checkpoint]


def verify(
    root: Path, pinned: bytes | None = None, copies: Copies = (), roots: Roots | None = None
) -> Report:
    """Every check there is, or those up to the one without which the rest would mean nothing.

    `copies` are checkpoints that had left the host before; the package must agree with each of them.
    `roots` are the certificates of the time-stamp authorities that the reader trusts.
    """
    report = Report()
    files = report.run("bag.paths", "", lambda: _list(root))
    if files is None:
        return report
    _check_bag(report, root, files)
    package = report.run("package.format", "", lambda: read_package(bag.read_file(root, bag.PACKAGE)))
    if package is None:
        return report
    report.run(
        "package.signature",
        "",
        lambda: _signature(root, package),
        f"key {package.public_key}, for {package.recipient}",
    )
    report.run(
        "package.key",
        "",
        lambda: _key(package, pinned),
        "" if pinned else "compare the key with the published one",
    )
    payload = {path: size for path, size in files.items() if path.startswith("data/")}
    report.run("bag.info", "", lambda: _info(root, package, payload))
    _check_contents(report, root, package, payload=payload, copies=copies, roots=roots)
    return report


def _list(root: Path) -> dict[str, int]:
    try:
        return bag.list_files(root)
    except OSError as error:
        raise Refused("unreadable", f"the folder cannot be read: {error.strerror}") from error


def _check_bag(report: Report, root: Path, files: dict[str, int]) -> None:
    with report.part("bag.format", "", "BagIt 1.0"):
        if bag.read_file(root, bag.DECLARATION) != bag.BAGIT:
            raise Refused("wrong-declaration", "bagit.txt is not that of BagIt 1.0 in UTF-8")
    for code, name, covered in (
        ("bag.tags", bag.TAG_MANIFEST, set(bag.TAGGED)),
        ("bag.files", bag.MANIFEST, {path for path in files if path.startswith("data/")}),
    ):
        with report.part(code, "", f"{len(covered)} files"):
            _check_sums(root, name, covered)


def _check_sums(root: Path, name: str, covered: set[str]) -> None:
    sums = bag.read_sums(bag.read_text(root, name), name)
    for path in sorted(sums.keys() - covered):
        raise Refused("missing-file", f"{name} lists {path}, which is not there")
    for path in sorted(covered - sums.keys()):
        raise Refused("extra-file", f"{name} does not list {path}")
    for path, expected in sums.items():
        if bag.sha256(bag.read_file(root, path)) != expected:
            raise Refused("wrong-hash", f"{path} is not the file that {name} lists")


def _signature(root: Path, package: Package) -> None:
    public = bytes.fromhex(package.public_key)
    text = open_note(public, PACKAGE_ORIGIN, bag.read_text(root, bag.NOTE))
    if text != package_note_text(package.package, bag.read_file(root, bag.TAG_MANIFEST)):
        raise Refused("other-package", "what is signed is not this package")


def _key(package: Package, pinned: bytes | None) -> None:
    if pinned is not None and package.public_key != pinned.hex():
        raise Refused("other-key", f"the package is signed with {package.public_key}, not with the key given")


def _info(root: Path, package: Package, payload: dict[str, int]) -> None:
    if bag.read_text(root, bag.INFO) != bag.info_text(package.package, package.made_at, payload):
        raise Refused("wrong-info", "bag-info.txt does not describe this package")


def _check_contents(
    report: Report,
    root: Path,
    package: Package,
    *,
    payload: dict[str, int],
    copies: Copies,
    roots: Roots | None,
) -> None:
    extract = report.run("custody.format", "", lambda: read_extract(bag.read_file(root, bag.CUSTODY)))
    if extract is not None:
        check_custody(report, package, extract, copies)
        check_complete(report, root, package, extract, bag.OPENINGS in payload)
    check_time(report, root, package, extract=extract, present=bag.TIMESTAMP in payload, roots=roots)
    expected = {bag.PACKAGE, bag.CUSTODY} | ({bag.TIMESTAMP, bag.OPENINGS} & payload.keys())
    for stream in package.streams:
        path = f"data/{stream.kind}/manifest.json"
        manifest = report.run(
            "manifest.format",
            stream.kind,
            lambda path=path: read_manifest(bag.read_file(root, path)),  # type: ignore[misc]
        )
        if manifest is None:
            return
        entries = take_entries(extract, stream.unit) if extract is not None else []
        check_stream(report, root, package, stream, manifest=manifest, acts=entries, copies=copies)
        with report.part("stream.files", stream.kind):
            expected |= stream_files(stream, manifest)
    with report.part("package.files", "", f"{len(expected)} files"):
        for path in sorted(payload.keys() - expected):
            raise Refused("extra-file", f"{path} belongs to no stream of the package")
        for path in sorted(expected - payload.keys()):
            raise Refused("missing-file", f"{path} is not there")
