"""Isolates names that run right to left, at one place for every template, so that they do not turn the
sentence.

As a template is loaded, each of its expressions gets one of three filters, by its context:

- in the text of a page: `<bdi>` around anything that would turn the sentence;
- where people read and no element can be (TEXT_ONLY, READ): the characters FSI and PDI around it;
- elsewhere (addresses, classes, forms): as it is, never an element.

A value in a translated sentence is isolated like text. Only foreign words are touched: our own are Markup,
and a name without right-to-left letters stays as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.runtime import Context
from markupsafe import Markup

from proctoring.text import FSI, PDI, contained, isolated, turns
from proctoring.web.html_place import BLOCKS, READ, TEXT, TEXT_ONLY, Place

BEGIN, END = "<bdi>", "</bdi>"


def in_text(value: Any) -> Any:
    """For the text of a page."""
    if isinstance(value, str) and not isinstance(value, Markup) and turns(value):
        return Markup("<bdi>{}</bdi>").format(contained(value))
    return value


def in_words(value: Any) -> Any:
    """For a title, an option or a label that people read."""
    if isinstance(value, Markup):
        return value.replace(BEGIN, FSI).replace(END, PDI)
    return isolated(value) if isinstance(value, str) else value


def bare(value: Any) -> Any:
    """For what only programs read."""
    return value.replace(BEGIN, "").replace(END, "") if isinstance(value, Markup) else value


FILTERS = {"isolated": in_text, "isolated_words": in_words, "bare": bare}


def filter_at(place: Place) -> str:
    """The name of the filter for an expression at this place."""
    if place.in_value:
        return "isolated_words" if place.attribute in READ else "bare"
    if place.in_tag:
        return "bare"
    if not place.element:
        return "isolated"
    return "isolated_words" if place.element in TEXT_ONLY else "bare"


class IsolatingEnvironment(jinja2.Environment):
    """An environment whose every template is isolated."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters |= FILTERS

    def _generate(self, source: nodes.Template, *args: Any, **kwargs: Any) -> str:
        isolate(source)
        return super()._generate(source, *args, **kwargs)


def isolate_translations(env: jinja2.Environment) -> None:
    """What is put into a translated sentence is isolated in it."""
    one, several = env.globals["gettext"], env.globals["ngettext"]

    @jinja2.pass_context
    def gettext(context: Context, string: str, /, **variables: Any) -> Any:
        return one(context, string, **_isolated_values(variables))  # type: ignore[operator]

    @jinja2.pass_context
    def ngettext(context: Context, singular: str, plural: str, count: int, /, **variables: Any) -> Any:
        return several(context, singular, plural, count, **_isolated_values(variables))  # type: ignore[operator]

    env.globals |= {"gettext": gettext, "ngettext": ngettext}


def _isolated_values(variables: dict[str, Any]) -> dict[str, Any]:
    return {name: in_text(value) for name, value in variables.items()}


def isolate(template: nodes.Template) -> Place:
    """Give every expression of the template its filter; the place where the template ends."""
    child = template.find(nodes.Extends) is not None
    return _Pass(child).body(template.body, TEXT)


@dataclass
class _Pass:
    child: bool  # whether its blocks stand where another template puts them

    def body(self, body: Sequence[nodes.Node], place: Place) -> Place:
        for node in body:
            place = self._node(node, place)
        return place

    def _node(self, node: nodes.Node, place: Place) -> Place:
        """The place after the node."""
        match node:
            case nodes.Output():
                return self._output(node, place)
            case nodes.If():
                for branch in node.elif_:
                    self.body(branch.body, place)
                self.body(node.else_, place)
                return self.body(node.body, place)
            case nodes.For():
                self.body(node.else_, place)
                return self.body(node.body, place)
            case nodes.Block():
                return self.body(node.body, BLOCKS.get(node.name, TEXT) if self.child else place)
            case nodes.With() | nodes.Scope() | nodes.ScopedEvalContextModifier():
                return self.body(node.body, place)
            case nodes.Macro() | nodes.CallBlock() | nodes.AssignBlock() | nodes.FilterBlock():
                self.body(node.body, TEXT)
        return place

    def _output(self, node: nodes.Output, place: Place) -> Place:
        given = node.nodes
        for at, one in enumerate(given):
            if isinstance(one, nodes.TemplateData):
                place = place.after(one.data)
            else:
                given[at] = _filtered(one, filter_at(place))
        return place


def _filtered(expression: nodes.Expr, name: str) -> nodes.Expr:
    """The expression with the filter on each of its words, so that a name is isolated without what is before
    it."""
    if isinstance(expression, nodes.Const):
        return expression
    if isinstance(expression, nodes.Concat):
        expression.nodes = [_filtered(part, name) for part in expression.nodes]
        return expression
    if isinstance(expression, nodes.CondExpr):
        expression.expr1 = _filtered(expression.expr1, name)
        expression.expr2 = expression.expr2 and _filtered(expression.expr2, name)
        return expression
    return nodes.Filter(expression, name, [], [], None, None, lineno=expression.lineno)
