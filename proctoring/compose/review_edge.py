"""The review edge: the staff's pages and the player."""

from proctoring.compose.app import Edge
from proctoring.compose.key_checks import opening
from proctoring.compose.parts import ReviewParts
from review_ui.app import draw_problems
from review_ui.app import routes as staff_routes


def review_edge(made: ReviewParts) -> Edge:
    """The staff's pages."""
    return Edge(
        checks={"store": made.objects.check, "keys": lambda: opening(made.core, made.opener)},
        pages=[staff_routes(made.core, made.opener, made.objects)],
        static={"review": "review_ui"},
        staff_problem=draw_problems(made.core, made.opener, made.objects),
    )
