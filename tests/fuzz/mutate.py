"""Mutations: of bytes, of JSON values, and of the files of a package. Every choice comes from one seed."""

import json
import os
import random
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

from storage.canonical import canonical
from storage.errors import Refused
from storage.proofs.note import NoteSigner
from tests.support.packages import reseal

TOKENS = (
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b"\\u0000",
    b"\\ud800",
    b"-1",
    b"1e999",
    b"NaN",
    b"null",
    b"\x00",
    b"\xff",
    b"../",
    b"/",
    b"\n\n",
    b"\xe2\x80\x94 ",
    b"9" * 400,
    b"[" * 3000,
    b"=",
    b"A" * 88,
    b"\r\n",
    b"PEV1",
)
VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    2**53,
    10**300,
    1.5,
    "",
    "a" * 16,
    "0" * 64,
    "\u2028",
    "\ud800",
    [],
    {},
    [[]],
    "x" * 5000,
)


def mutate_bytes(chance: random.Random, data: bytes) -> bytes:
    """One to four changes."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randint(0, len(changed))
        end = min(len(changed), at + chance.choice((1, 1, 4, 64, 5000)))
        match chance.randrange(6):
            case 0 if at < len(changed):
                changed[at] ^= 1 << chance.randrange(8)
            case 1:
                del changed[at:end]
            case 2:
                changed[at:at] = changed[at:end]
            case 3:
                changed[at:at] = chance.choice(TOKENS)
            case 4:
                changed[at:end] = chance.randbytes(end - at)
            case _:
                del changed[at:]
    return bytes(changed)


def mutate_json(chance: random.Random, data: bytes) -> bytes:
    """A value replaced, removed, repeated or moved anywhere in the document; canonical again if it can be."""
    try:
        value = json.loads(data)
        spots = list(_spots(value))
        for _ in range(chance.randint(1, 3)):
            holder, key = chance.choice(spots)
            _change(chance, holder, key, spots)
        return canonical(value)
    except (ValueError, LookupError, RecursionError):
        return mutate_bytes(chance, data)


def mutate_files(chance: random.Random, root: Path) -> None:
    """A file of the package removed, exchanged, repeated, linked, emptied, renamed, added or changed."""
    files = [file for file in sorted(root.rglob("*")) if file.is_file() and not file.is_symlink()]
    one, two = chance.choice(files), chance.choice(files)
    if chance.random() < 0.6:
        change = mutate_json if one.suffix == ".json" and chance.random() < 0.8 else mutate_bytes
        one.write_bytes(change(chance, one.read_bytes()))
        return
    match chance.randrange(8):
        case 0:
            one.unlink()
        case 1:
            shutil.copy(one, two) if one != two else one.unlink()
        case 2:
            one.unlink()
            one.symlink_to(chance.choice(("/etc/passwd", "/", "../..", two, "/dev/zero", one)))
        case 3:
            one.write_bytes(b"")
        case 4:
            one.rename(
                one.with_name(
                    chance.choice(("x", "00000001.pev", "00000099.webm", "\udcff", ".", "a" * 200)) + "_"
                )
            )
        case 5:
            added = root / chance.choice(
                ("x", "data/x", "data/webcam/sealed/00000042.pev", "data/zz/manifest.json")
            )
            added.parent.mkdir(exist_ok=True, parents=True)
            added.write_bytes(one.read_bytes())
        case 6:
            one.unlink()
            os.mkfifo(one)
        case _:
            one.unlink()
            one.mkdir()


def mutate_package(chance: random.Random, root: Path, signer: NoteSigner) -> None:
    """One to three files changed; often with every sum made right, or signed again with the real key."""
    for _ in range(chance.randint(1, 3)):
        mutate_files(chance, root)
    if chance.random() < 0.6 and not any(_is_foreign(file) for file in root.rglob("*")):
        with suppress(OSError, ValueError, LookupError, TypeError, RecursionError, Refused):
            reseal(root, chance.choice((None, signer)))


def _is_foreign(file: Path) -> bool:
    """A link, a pipe, a folder in a file's place: making sums of it would block or go astray."""
    return file.is_symlink() or not (file.is_file() or (file.is_dir() and not file.suffix))


def _spots(value: Any) -> Any:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in list(pairs):
        yield value, key
        yield from _spots(below)


def _change(chance: random.Random, holder: Any, key: Any, spots: list[Any]) -> None:
    match chance.randrange(5):
        case 0:
            holder[key] = chance.choice(VALUES)
        case 1:
            del holder[key]
        case 2 if isinstance(holder, list):
            holder.insert(chance.randint(0, len(holder)), holder[key])
        case 3:
            other, there = chance.choice(spots)
            holder[key], other[there] = other[there], holder[key]
        case _ if isinstance(holder[key], int) and not isinstance(holder[key], bool):
            holder[key] += chance.choice((-1, 1, 2**31))
        case _ if isinstance(holder, dict):
            holder[chance.choice(("x", "v", "__class__", ""))] = chance.choice(VALUES)
        case _:
            holder.append(chance.choice(VALUES))
