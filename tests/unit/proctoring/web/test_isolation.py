"""Every template isolates what is put into it, by the place where it stands."""

import jinja2
import pytest
from jinja2 import nodes

from proctoring.text import FSI, PDI
from proctoring.web.html_place import BLOCKS, TEXT
from proctoring.web.isolation import FILTERS, isolate
from proctoring.web.templates import environment

NAME = "א ב"
BDI, MARKS = f"<bdi>{NAME}</bdi>", f"{FSI}{NAME}{PDI}"
TEMPLATES = [
    (package, name)
    for package in ("capture", "review_ui")
    for name in environment(package).list_templates(extensions=["html"])
]


def rendered(source: str, **more: str) -> str:
    return environment("proctoring.web").from_string(source).render(name=NAME, **more)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<p>{{ name }}</p>", f"<p>{BDI}</p>"),
        ('<p class="a">{{ ", " ~ name }}</p>', f'<p class="a">, {BDI}</p>'),
        ("{{ name if name else 1 }}", BDI),
        ("<title>{{ name }}</title>{{ name }}", f"<title>{MARKS}</title>{BDI}"),
        ("<option>{{ name }}</option>", f"<option>{MARKS}</option>"),
        ('<text x="1">{{ name }}</text>', f'<text x="1">{MARKS}</text>'),
        ('<a aria-label="{{ name }}" href="/{{ name }}">', f'<a aria-label="{MARKS}" href="/{NAME}">'),
        ("<textarea>{{ name }}</textarea>", f"<textarea>{NAME}</textarea>"),
        ('{{ _("of %(who)s", who=name) }}', f"of {BDI}"),
        ("{% trans who=name %}of {{ who }}{% endtrans %}", f"of {BDI}"),
        ('<i title="{% trans who=name %}of {{ who }}{% endtrans %}">', f'<i title="of {MARKS}">'),
        ('{% macro m() %}{{ name }}{% endmacro %}<i id="{{ m() }}">{{ m() }}', f'<i id="{NAME}">{BDI}'),
        ("{{ plain }}", "Prüfung &lt;b&gt;"),
    ],
)
def test_a_name_is_isolated_where_it_stands(source: str, expected: str) -> None:
    """By an element in text, by characters where no element can be, not at all for programs."""
    assert rendered(source, plain="Prüfung <b>") == expected


@pytest.mark.parametrize(("package", "name"), TEMPLATES)
def test_no_template_lets_a_name_through(package: str, name: str) -> None:
    """Each expression that is put out has its filter, the place is known to the end of the file, and nothing
    puts words into others behind the filter's back."""
    env = environment(package)
    assert env.loader is not None
    tree = env.parse(env.loader.get_source(env, name)[0])
    end = isolate(tree)
    assert (end.in_tag, end.element) == (False, ""), name
    for output in tree.find_all(nodes.Output):
        for one in output.nodes:
            assert isinstance(one, nodes.TemplateData) or all(map(_filtered, _parts(one))), (name, one)
    for call in tree.find_all(nodes.Filter):
        figure = isinstance(call.node, nodes.Const) and call.node.value == "%.2f"
        if call.name in ("replace", "format", "join") and not figure:
            assert all(isinstance(a, nodes.Const) or _filtered(a) for a in call.args), (name, call)


def _parts(one: nodes.Node) -> list[nodes.Node]:
    if isinstance(one, nodes.Concat):
        return [part for each in one.nodes for part in _parts(each)]
    if isinstance(one, nodes.CondExpr):
        return [part for each in (one.expr1, one.expr2) if each for part in _parts(each)]
    return [one]


def _filtered(one: nodes.Node) -> bool:
    return isinstance(one, nodes.Const) or (isinstance(one, nodes.Filter) and one.name in FILTERS)


def test_blocks_stand_where_the_frames_put_them() -> None:
    """A template that fills a block takes its place from BLOCKS; the two frames are what it says."""
    env = environment("proctoring.web")
    for frame in ("plain.html", "staff.html"):
        assert isinstance(env.loader, jinja2.ChoiceLoader)
        before = TEXT
        for node in env.parse(env.loader.get_source(env, frame)[0]).body:
            if isinstance(node, nodes.Block):
                known = BLOCKS.get(node.name, TEXT)
                assert (before.element, before.in_value, before.attribute) == (
                    known.element,
                    known.in_value,
                    known.attribute,
                ), (frame, node.name)
            for data in node.find_all(nodes.TemplateData) if isinstance(node, nodes.Output) else ():
                before = before.after(data.data)
