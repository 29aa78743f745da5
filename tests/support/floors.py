"""Floors of the core: its rooms from top to bottom, imports that go up, rooms that import each other.

The order of the floors is that of the layers contract in `pyproject.toml`, which `make lint` checks; this
measures how far the code is from it, or that it is there. Run `python -m tests.support.floors`.
"""

import ast
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
CORE = "proctoring"
CONTRACT = "The floors of the core"


@dataclass(frozen=True, slots=True, order=True)
class Import:
    """One module of the core imports another, both by their dotted names."""

    importer: str
    imported: str

    @property
    def rooms(self) -> tuple[str, str]:
        """The rooms of both: what follows `proctoring.` in their names."""
        return self.importer.split(".")[1], self.imported.split(".")[1]


def floors() -> list[set[str]]:
    """The rooms of each floor, the highest floor first."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    layers = next(one for one in project["tool"]["importlinter"]["contracts"] if one["name"] == CONTRACT)
    return [{room.strip() for room in layer.split("|")} for layer in layers["layers"]]


def imports(core: Path = ROOT / CORE) -> set[Import]:
    """Every import between two rooms, wherever in a module it is written."""
    modules = {_name(file, core): file for file in core.rglob("*.py")}
    found = {
        Import(name, imported)
        for name, file in modules.items()
        for imported in _imported(ast.parse(file.read_text()), modules.keys())
        if "." in name and "." in imported
    }
    return {one for one in found if one.rooms[0] != one.rooms[1]}


def upward(found: Iterable[Import], order: list[set[str]]) -> list[Import]:
    """Imports of a room on the same floor, on a higher one, or on none."""
    floor = {room: number for number, rooms in enumerate(order) for room in rooms}
    return sorted(one for one in found if floor.get(one.rooms[0], 0) >= floor.get(one.rooms[1], len(order)))


def mutual(found: Iterable[Import]) -> list[tuple[str, str]]:
    """Pairs of rooms that import each other."""
    pairs = {one.rooms for one in found}
    return sorted((a, b) for a, b in pairs if a < b and (b, a) in pairs)


def knots(found: Iterable[Import]) -> list[set[str]]:
    """Groups of rooms of which each reaches each other by imports; the largest first."""
    reached = _reached({one.rooms for one in found})
    rest = sorted(reached)
    groups: dict[frozenset[str], None] = {}
    for room in rest:
        group = frozenset(one for one in rest if one in reached[room] and room in reached[one])
        groups[group | {room}] = None
    return sorted((set(one) for one in groups if len(one) > 1), key=len, reverse=True)


def _reached(pairs: set[tuple[str, str]]) -> Mapping[str, set[str]]:
    below: dict[str, set[str]] = defaultdict(set)
    for importer, imported in pairs:
        below[importer].add(imported)
        below[imported] |= set()
    for by in sorted(below):
        for room in below:
            if by in below[room]:
                below[room] |= below[by]
    return below


def _name(file: Path, core: Path) -> str:
    parts = file.relative_to(core.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(tree: ast.Module, modules: Iterable[str]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module in modules:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in modules else node.module


def main() -> None:
    """Print rooms, floors, imports that go up and mutual pairs; exit with 1 while there are any."""
    order, found = floors(), imports()
    for number, rooms in enumerate(order):
        print(f"{len(order) - number:3} {' '.join(sorted(rooms))}")
    up, pairs = upward(found, order), mutual(found)
    arrows = {one.rooms for one in up}
    print(f"rooms {sum(map(len, order))}, floors {len(order)}, imports between rooms {len(found)}")
    print(f"arrows up {len(arrows)} (by {len(up)} imports), mutual pairs {len(pairs)}")
    for one in up:
        print(f"  up: {one.importer} -> {one.imported}")
    for pair in pairs:
        print(f"  mutual: {pair[0]}, {pair[1]}")
    for knot in knots(found):
        print(f"  knot of {len(knot)}: {' '.join(sorted(knot))}")
    sys.exit(1 if up or pairs else 0)


if __name__ == "__main__":
    main()
