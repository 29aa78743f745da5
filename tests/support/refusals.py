"""Refusals that a request can meet, found in the source: each error of the core that is made in a function
which the routes reach by calls."""

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from inspect import getmembers, isclass
from pathlib import Path

from proctoring import errors

ROOTS = ("proctoring", "capture")
ERRORS = {name for name, kind in getmembers(errors, isclass) if issubclass(kind, errors.CoreError)}
Function = ast.FunctionDef | ast.AsyncFunctionDef
Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Refused:
    """`key`: None where the refusal has none. `detail`: what it says in English, as it is written."""

    module: str
    function: str
    key: str | None
    detail: str


@dataclass(frozen=True, slots=True)
class _Module:
    functions: dict[str, Function]  # of a class: `Class.method`
    imported: dict[str, Place]


def reached(routes: Collection[Place], objects: Collection[str]) -> Iterator[Refused]:
    """Refusals in what these functions call, directly or not. A method counts as called where one of these
    classes has one of its name."""
    waiting, seen = list(routes), set[Place]()
    while waiting:
        place = waiting.pop()
        if place in seen:
            continue
        seen.add(place)
        module, name = place
        for node in ast.walk(_modules()[module].functions[name]):
            if isinstance(node, ast.Call):
                waiting += _called(module, node.func, objects)
                if isinstance(node.func, ast.Name) and node.func.id in ERRORS:
                    yield Refused(module, name, _key(node), ast.unparse(node.args[0]))
            elif isinstance(node, ast.Name):
                waiting += _named(module, node.id)


def _called(module: str, called: ast.expr, objects: Collection[str]) -> list[Place]:
    if isinstance(called, ast.Name):
        return _named(module, called.id)
    if not isinstance(called, ast.Attribute):
        return []
    if isinstance(called.value, ast.Name) and called.value.id in _modules()[module].imported:
        other = ".".join(_modules()[module].imported[called.value.id])
        if other in _modules():
            return [(other, called.attr)] if called.attr in _modules()[other].functions else []
    methods = {f"{one}.{called.attr}" for one in objects}
    return [(name, found) for name, one in _modules().items() for found in methods & one.functions.keys()]


def _named(module: str, name: str) -> list[Place]:
    if name in _modules()[module].functions:
        return [(module, name)]
    other, theirs = _modules()[module].imported.get(name, ("", ""))
    return [(other, theirs)] if other in _modules() and theirs in _modules()[other].functions else []


def _key(made: ast.Call) -> str | None:
    known = [*made.args[2:], *(one.value for one in made.keywords if one.arg == "key")]
    keys = [one.value for one in known if isinstance(one, ast.Constant)]
    return next((key for key in keys if isinstance(key, str)), None)


@cache
def _modules() -> dict[str, _Module]:
    found = {}
    for root in ROOTS:
        folder = Path(str(files(root)))
        for file in folder.rglob("*.py"):
            parts = file.relative_to(folder.parent).with_suffix("").parts
            tree = ast.parse(file.read_text())
            imported = {
                name.asname or name.name: (node.module or "", name.name)
                for node in ast.walk(tree)
                if isinstance(node, ast.ImportFrom)
                for name in node.names
            }
            functions = {one.name: one for one in tree.body if isinstance(one, Function)}
            for kind in tree.body:
                if isinstance(kind, ast.ClassDef):
                    functions |= {f"{kind.name}.{m.name}": m for m in kind.body if isinstance(m, Function)}
            found[".".join(parts).removesuffix(".__init__")] = _Module(functions, imported)
    return found
