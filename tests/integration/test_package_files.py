"""Files of a package in hostile hands: foreign, missing, linked, oversized, cut, or a bit turned."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.package import bag
from storage.package.verify import verify
from tests.integration.exported import CHUNK, MANIFEST, MEDIA, SEALED, Exported, exported, failures
from tests.support.examples import examples
from tests.support.packages import copied, reseal

__all__ = ["exported"]


def write(package: Path, path: str, data: bytes = b"x") -> None:
    (package / path).parent.mkdir(parents=True, exist_ok=True)
    (package / path).write_bytes(data)


def link_out(package: Path) -> None:
    (package / SEALED).unlink()
    (package / SEALED).symlink_to("/etc/passwd")


def link_folder(package: Path) -> None:
    shutil.rmtree(package / "data/screen")
    (package / "data/screen").symlink_to(package / "data/webcam")


def point_out(package: Path) -> None:
    path = package / bag.MANIFEST
    path.write_text(f"{'0' * 64}  ../../etc/passwd\n" + path.read_text())


def grow(package: Path) -> None:
    with (package / SEALED).open("r+b") as file:
        file.truncate(bag.OBJECT_BYTES_MAX + 1)


@pytest.mark.parametrize(
    ("attack", "failure"),
    [
        (lambda p: write(p, "data/evil.txt"), ("bag.paths", "extra-file")),
        (lambda p: write(p, "data/webcam/evil/x"), ("bag.paths", "extra-file")),
        (lambda p: write(p, "readme.html"), ("bag.paths", "extra-file")),
        (lambda p: write(p, "data/webcam/\udcff\n"), ("bag.paths", "extra-file")),
        (lambda p: write(p, "data/webcam/sealed/00000009.pev"), ("bag.files", "extra-file")),
        (lambda p: (p / SEALED).unlink(), ("bag.files", "missing-file")),
        (lambda p: (p / "data/custody.json").unlink(), ("custody.format", "missing-file")),
        (lambda p: (p / bag.DECLARATION).unlink(), ("bag.format", "missing-file")),
        (lambda p: (p / bag.NOTE).unlink(), ("package.signature", "missing-file")),
        (lambda p: write(p, bag.NOTE, b"\xff"), ("package.signature", "not-text")),
        (lambda p: write(p, bag.INFO, b"x"), ("bag.info", "wrong-info")),
        (lambda p: write(p, bag.DECLARATION, b"BagIt-Version: 0.97\n"), ("bag.format", "wrong-declaration")),
        (lambda p: write(p, SEALED), ("bag.files", "wrong-hash")),
        (lambda p: write(p, "data/package.json", b"[" * 100_000), ("package.format", "not-canonical")),
        (lambda p: write(p, "data/package.json", b'{"v": 1}'), ("package.format", "not-canonical")),
        (lambda p: write(p, "data/package.json", b'"\\ud800"'), ("package.format", "not-canonical")),
        (lambda p: write(p, "data/package.json", b"1" * 5000), ("package.format", "not-canonical")),
        (lambda p: write(p, "data/package.json", b"NaN"), ("package.format", "wrong-type")),
        (link_out, ("bag.paths", "symlink")),
        (link_folder, ("bag.paths", "symlink")),
        (point_out, ("bag.files", "missing-file")),
        (grow, ("bag.paths", "oversized")),
        (lambda p: os.mkfifo(p / "data/webcam/sealed/00000009.pev"), ("bag.paths", "special-file")),
        (shutil.rmtree, ("bag.paths", "unreadable")),
    ],
)
def test_foreign_missing_linked_and_oversized_files_are_refused(
    exported: Exported, tmp_path: Path, attack: Callable[[Path], None], failure: tuple[str, str]
) -> None:
    """By name, without following, opening or reading what is not part of a package."""
    package = copied(exported.one, tmp_path / "package")
    attack(package)
    if failure[0] in ("custody.format", "package.format", "bag.info"):
        assert not verify(package).ok
    assert failure in failures(package, exported)


edges = sorted(
    {0, 3, 4, *(4 + at * CHUNK + off for at in range(4) for off in (-17, -1, 0, 1, 16, 40))} - {-13}
)


@pytest.mark.parametrize("path", [SEALED, MEDIA, MANIFEST])
def test_a_cut_at_every_chunk_edge_is_refused(exported: Exported, tmp_path: Path, path: str) -> None:
    """Segment, media and manifest cut short, with every checksum made right."""
    package = copied(exported.one, tmp_path / "cut")
    whole = (package / path).read_bytes()
    for length in [edge for edge in edges if 0 <= edge < len(whole)] + [len(whole) - 1]:
        (package / path).write_bytes(whole[:length])
        reseal(package, exported.world.signer)
        found = failures(package, exported)
        assert found & {
            ("segment.seal", "not-authentic"),
            ("segment.media", "wrong-media"),
            ("manifest.format", "not-canonical"),
        }


@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(
        [SEALED, MEDIA, MANIFEST, "data/custody.json", "data/package.json", *sorted(bag.TAG_FILES)]
    ),
    place=st.floats(0, 1, exclude_max=True),
    bit=st.integers(0, 7),
    resealed=st.booleans(),
)
def test_a_turned_bit_anywhere_is_refused(
    exported: Exported,
    tmp_path_factory: pytest.TempPathFactory,
    path: str,
    place: float,
    bit: int,
    resealed: bool,
) -> None:
    """Any bit of any file; with the sums made right, too, where the file still reads."""
    package = copied(exported.one, tmp_path_factory.mktemp("bit") / "package")
    data = bytearray((package / path).read_bytes())
    data[int(place * len(data))] ^= 1 << bit
    (package / path).write_bytes(data)
    if resealed and path.startswith("data/") and path != "data/package.json":
        reseal(package)
    assert failures(package, exported)
    shutil.rmtree(package)
