"""Writing an evidence package, one file at a time: memory stays flat however long the session was."""

from pathlib import Path

from storage.durable import private
from storage.package import bag
from storage.package.facts import Package
from storage.proofs.note import NoteSigner, sign_note

PACKAGE_ORIGIN = "proctoring/package"


def package_note_text(package_id: str, tag_manifest: bytes) -> str:
    """What is signed: through the tag manifest and the manifest it covers every byte of the package."""
    return f"{PACKAGE_ORIGIN}\n{package_id}\n{bag.sha256(tag_manifest)}\n"


class PackageWriter:
    """Fills a new folder (0700); complete once `finish` returns. Names are those of `storage.package.bag`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._sums: dict[str, str] = {}
        self._sizes: dict[str, int] = {}
        root.mkdir(mode=0o700)

    def add(self, path: str, data: bytes) -> None:
        """One payload file."""
        self._write(path, data)
        self._sums[path], self._sizes[path] = bag.sha256(data), len(data)

    def finish(self, package: Package, signer: NoteSigner) -> None:
        """The tag files and the signature over all of it."""
        self.add(bag.PACKAGE, package.encode())
        tags = {
            bag.DECLARATION: bag.BAGIT,
            bag.INFO: bag.info_text(package.package, package.made_at, self._sizes).encode(),
            bag.MANIFEST: bag.sums_text(self._sums).encode(),
        }
        tag_manifest = bag.sums_text({path: bag.sha256(data) for path, data in tags.items()}).encode()
        note = sign_note(signer, PACKAGE_ORIGIN, package_note_text(package.package, tag_manifest))
        for path, data in (*tags.items(), (bag.TAG_MANIFEST, tag_manifest), (bag.NOTE, note.encode())):
            self._write(path, data)

    def _write(self, path: str, data: bytes) -> None:
        target = self._root / path
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(target, "xb", opener=private) as file:
            file.write(data)
