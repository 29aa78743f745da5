"""Choice between two publishers of one stream.

A page names itself in each of its POSTs by a random id, taken when it is loaded: `POST /whip?page=ID`. Two
pages that did not know of each other would take the stream from one another endlessly, and both would say
that they record.

    earlier page    heard of lately    the later one                        then
    the same        –                  comes back                           takes its place
    either unnamed  –                  any other client of WHIP             takes its place
    another         no                 –                                    takes its place
    another         yes                –                                    is refused: the candidate chooses
    another         yes                was chosen by the candidate          takes its place
"""

import re
from dataclasses import dataclass

PAGE_CHARS_MAX = 64
HEARD_S = 2.0
"""A publisher that was silent for longer is not there: its connection was lost, or its page was left."""
_PAGE = re.compile(rf"[A-Za-z0-9-]{{0,{PAGE_CHARS_MAX}}}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who publishes: its `page`, or "" for a client that names none. `chosen` by the candidate."""

    page: str = ""
    chosen: bool = False


def is_page(text: str) -> bool:
    """Whether this can be a page's name."""
    return _PAGE.fullmatch(text) is not None


def gives_way(earlier: Asker, silent_s: float, later: Asker) -> bool:
    """Whether the earlier publisher of a stream makes room for the later one."""
    strangers = earlier.page and later.page and earlier.page != later.page
    return not strangers or later.chosen or silent_s > HEARD_S
