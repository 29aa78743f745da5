"""The house's own rules: sizes of rooms, and an image that holds them all."""

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path

from capture.cut import segmenter
from proctoring import migrations
from storage.package import bag
from tests.mutants.bugs import BUGS
from tests.support import compiled, floors

ROOT = Path(__file__).parents[2]
LINES_MAX = 320
FUNCTION_LINES_MAX = 70
POSITIONAL_MAX = 5
NAMED_BY = {"get", "post", "put", "delete", "head", "exception_handler", "command"}
"""Decorators of a framework that hands all arguments over by name: routes of FastAPI, commands of click."""
CONTAINER_BYTES_MAX = 1 << 20
"""Of a segment: what is around its pictures and its sound, and the seal."""
LINE_CHARS_MAX = 110
"""Of JavaScript, CSS and templates: prettier leaves comments and strings as they are. ruff sees to Python."""
SOURCES = ("*.py", "*.js", "*.css", "*.html")
QUESTIONS = {"How", "What", "When", "Where", "Whether", "Which", "Who"}
SENTENCE_WORDS_MAX = 25
NOT_SAID = re.compile(r"\b(behind|beside|away|stands?|lies|(?:is|are|was|were) told)\b")
"""Words that English has a plainer one for: after, next to, unreachable, is, is reported."""
CANDIDATE_FLOORS = ({"pages"}, {"parts"}, {"publish", "keep", "devices"})
ROOMS = ("proctoring", "capture", "storage", "review_ui", "retention", "tests")


def files() -> list[Path]:
    return [file for room in ROOMS for kind in SOURCES for file in (ROOT / room).rglob(kind)]


def test_no_file_holds_several_ideas() -> None:
    """No source file, of the product or of its tests, has more than LINES_MAX lines."""
    assert files()
    long = {str(file.relative_to(ROOT)) for file in files() if len(file.read_text().splitlines()) > LINES_MAX}
    assert long == set()


def test_no_function_is_longer_than_a_page() -> None:
    """At most FUNCTION_LINES_MAX lines, its decorators apart, those within it counted. Migrations are
    excepted: each is a list of changes in their order, and is never edited once it has run."""
    long = [
        (str(file.relative_to(ROOT)), node.name)
        for file in files()
        if file.suffix == ".py" and "migrations" not in file.parts
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LINES_MAX
    ]
    assert long == []


def is_named_by(function: ast.FunctionDef | ast.AsyncFunctionDef, names: set[str]) -> bool:
    """Whether a call of an attribute of this name decorates it."""
    calls = [one.func for one in function.decorator_list if isinstance(one, ast.Call)]
    return any(isinstance(call, ast.Attribute) and call.attr in names for call in calls)


def test_more_than_five_arguments_are_given_by_name() -> None:
    """No function of the product takes more than POSITIONAL_MAX positional arguments, its object apart; those
    that a framework calls (NAMED_BY) are excepted."""
    found, many = 0, []
    for file in files():
        if file.suffix != ".py" or file.is_relative_to(ROOT / "tests"):
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not is_named_by(node, NAMED_BY):
                names = [one.arg for one in (*node.args.posonlyargs, *node.args.args)]
                found += 1
                if len(names) - (names[:1] in (["self"], ["cls"])) > POSITIONAL_MAX:
                    many.append((str(file.relative_to(ROOT)), node.name))
    assert found
    assert many == []


def test_no_line_is_longer_than_a_reader_sees() -> None:
    """No line of JavaScript, CSS or a template has more than LINE_CHARS_MAX characters."""
    lines = [
        (str(file.relative_to(ROOT)), number, line)
        for file in files()
        if file.suffix != ".py"
        for number, line in enumerate(file.read_text().splitlines(), 1)
    ]
    assert lines
    assert [(file, number) for file, number, line in lines if len(line) > LINE_CHARS_MAX] == []


def test_a_room_of_the_candidates_modules_uses_only_those_below() -> None:
    """Pages use parts, and parts use `publish`, `keep` and `devices`, which do not use one another."""
    above: set[str] = set()
    for floor in CANDIDATE_FLOORS:
        above |= floor
        for room in floor:
            modules = list((ROOT / "capture/static" / room).glob("*.js"))
            assert modules, room
            used = {one for file in modules for one in re.findall(r'"\.\./(\w+)/', file.read_text())}
            assert used & above == set(), room


def test_a_docstring_begins_with_what_it_is_about() -> None:
    """The first word of a module's docstring is a noun or a verb, none of QUESTIONS."""
    begun = {
        str(file.relative_to(ROOT)): (ast.get_docstring(ast.parse(file.read_text())) or "").split(" ")[0]
        for file in files()
        if file.suffix == ".py"
    }
    assert {file for file, word in begun.items() if word in QUESTIONS} == set()


def docstrings() -> Iterator[tuple[str, str]]:
    """Of the product: each module's, class's and function's, with its place; without code, tables and
    figures. A command's is what users read in its help, and a migration's is never edited: both
    are left out."""
    for file in files():
        if file.suffix != ".py" or file.is_relative_to(ROOT / "tests") or "versions" in file.parts:
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module):
                name = getattr(node, "name", "")
                command = isinstance(node, ast.FunctionDef) and is_named_by(node, {"command"})
                if not command:
                    yield f"{file.relative_to(ROOT)} {name}", prose(ast.get_docstring(node) or "")


def prose(docstring: str) -> str:
    """Its paragraphs and the points of its lists, a blank line between them; `code` as one word."""
    lines = [
        line
        for line in docstring.split("\n")
        if not re.match(r" {3,}", line) and not re.search(r"\S {2,}\S", line)
    ]
    return re.sub(r"`[^`]*`", "code", re.sub(r"(?m)^- ", "\n", "\n".join(lines)))


def test_a_docstring_is_read_once() -> None:
    """No sentence of more than SENTENCE_WORDS_MAX words, and nothing of NOT_SAID."""
    found = list(docstrings())
    assert found
    sentences = [
        (place, " ".join(sentence.split()))
        for place, text in found
        for paragraph in text.split("\n\n")
        for sentence in re.split(r"(?<=[.!?])\s", paragraph)
    ]
    assert [one for one in sentences if len(re.findall(r"[\w'/.-]+", one[1])) > SENTENCE_WORDS_MAX] == []
    assert [one for one in sentences if NOT_SAID.search(one[1])] == []


def test_the_image_holds_every_package() -> None:
    """The Dockerfile copies each package that the project file installs."""
    dockerfile = (ROOT / "Dockerfile").read_text()
    for room in ROOMS[:-1]:
        assert f"COPY {room} {room}" in dockerfile


def test_what_is_checked_is_what_is_compiled() -> None:
    """One version of mypy: of the build, of the image's build and of `make lint`."""
    pins = [
        set(re.findall(r"\bmypy==([\d.]+)", (ROOT / name).read_text()))
        for name in ("pyproject.toml", "requirements-build.lock", "requirements-dev.lock")
    ]
    assert len(pins[0]) == 1
    assert pins == pins[:1] * 3


def test_a_binary_older_than_its_source_is_named(tmp_path: Path) -> None:
    """A fresh one is not, nor is a source without one, nor the library that they share."""
    folder = tmp_path / "capture" / "receive"
    folder.mkdir(parents=True)
    for name in ("old.py", "old.abi.so", "fresh.py", "fresh.abi.so", "plain.py", "shared__mypyc.abi.so"):
        (folder / name).touch()
    os.utime(folder / "old.abi.so", (0, 0))
    assert compiled.stale(tmp_path) == ["capture/receive/old.py"]


def test_no_room_of_the_core_imports_one_that_is_not_below_it() -> None:
    """Nor do two rooms import each other: what the script prints is what the layers contract promises."""
    found = floors.imports()
    assert floors.upward(found, floors.floors()) == []
    assert floors.mutual(found) == []


def test_imports_are_found_wherever_they_are_written(tmp_path: Path) -> None:
    """As a module, as a name of it, and within a function; rooms that import each other are a pair and a
    knot."""
    sources = {
        "__init__": "",
        "low": "",
        "middle": "from proctoring import low\nfrom proctoring.high import NAME\n",
        "high": "NAME = 1\n\ndef late():\n    import proctoring.middle\n",
    }
    core = tmp_path / "proctoring"
    core.mkdir()
    for name, text in sources.items():
        (core / f"{name}.py").write_text(text)
    found = floors.imports(core)
    assert {one.rooms for one in found} == {("middle", "low"), ("middle", "high"), ("high", "middle")}
    up = floors.upward(found, [{"high"}, {"middle"}, {"low"}])
    assert up == [floors.Import("proctoring.middle", "proctoring.high")]
    assert floors.mutual(found) == [("high", "middle")]
    assert floors.knots(found) == [{"high", "middle"}]


def test_a_number_that_no_migration_has_is_named() -> None:
    """In the docstring of their package, which says that nothing is missing."""
    given = {int(file.name[:4]) for file in (ROOT / "proctoring/migrations/versions").glob("[0-9]*.py")}
    named = {int(number) for number in re.findall(r"\b0\d{3}\b", migrations.__doc__ or "")}
    assert named == set(range(1, max(given))) - given


def test_a_package_takes_any_segment_that_capture_makes() -> None:
    """With room for its container and its seal. Neither room imports the other."""
    assert bag.OBJECT_BYTES_MAX - segmenter.SEGMENT_BYTES_MAX >= CONTAINER_BYTES_MAX


def test_every_seeded_bug_fits_the_code_that_it_changes() -> None:
    """What it replaces stands there once: `make mutants` runs seldom, and code moves."""
    assert BUGS
    lost = [
        (bug.name, edit.path, edit.old)
        for bug in BUGS
        for edit in bug.edits
        if (ROOT / edit.path).read_text().count(edit.old) != 1
    ]
    assert lost == []
