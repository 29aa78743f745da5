"""The review edge: the staff's pages and the player."""

from proctoring.compose.app import Edge
from proctoring.compose.key_checks import opening
from proctoring.compose.parts import ReviewParts
from review_ui.app import draw_problems, media_routes, page_routes


def review_edge(made: ReviewParts) -> Edge:
    """The staff's pages."""
    given = made.core, made.opener, made.objects
    return Edge(
        checks={"store": made.objects.check, "keys": lambda: opening(made.core, made.opener)},
        routers=[media_routes(*given)],
        pages=[page_routes(*given)],
        static={"review": "review_ui"},
        staff_problem=draw_problems(*given),
    )
