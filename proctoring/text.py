"""Text that people give: one rule for titles, references, names, reasons and messages, however they enter.

Pure.

- A `line` is one line. It is refused with a line end, a control character or a direction override in it.
  Such a character changes the text that other people read around it.
- `prose` and a `message` may have several lines. Characters that a page cannot show are replaced by
  REPLACEMENT there, so that no words are lost.
- NUL is never stored: PostgreSQL cannot keep it. In a message it is replaced, elsewhere refused.
- Text in which nothing is visible (blanks, zero-width and combining characters) counts as empty.
- `isolated` puts a name into a sentence so that a name in Hebrew or Arabic does not turn the sentence.
"""

import re
import unicodedata

from proctoring.errors import Invalid

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
FSI, PDI = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"
FIRST_ISOLATE = "\N{LEFT-TO-RIGHT ISOLATE}"
NUL = "\0"
CUT = "…"
CODE_POINT = "U+{:04X}"

_LINE_END = re.compile(r"\r\n|[\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_DIRECTION = re.compile(r"[\u202a-\u202e\u2066-\u2069]")  # embeddings, overrides, isolates
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_UNFIT = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters and symbols that show nothing
_TURNS = frozenset({"R", "AL", "AN", "LRE", "LRO", "RLE", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


def line(text: str, what: str, chars_max: int) -> str:
    """`text` without surrounding blanks, on one line. `what` names it in a refusal, such as "the title".

    Raises Invalid, which says what to do, for nothing visible, more than `chars_max` characters, or a
    character that a line cannot hold.
    """
    text = text.strip()
    if why := _unfit_for_line(text):
        raise Invalid(f"{_at_start(what)} {why}.", f"Type {what} again, on one line, without it.")
    if not is_visible(text) or len(text) > chars_max:
        raise Invalid(
            f"{_at_start(what)} is empty or too long.", f"Give 1 to {chars_max} characters that can be seen."
        )
    return text


def prose(text: str, what: str) -> str:
    """A text of several lines as `message` keeps it. Raises Invalid for a NUL."""
    if NUL in text:
        raise Invalid(f"{_at_start(what)} contains a NUL character.", f"Type {what} again without it.", "nul")
    return message(text)


def message(text: str) -> str:
    """A text of several lines as it is kept: line ends are \\n, what no page can show is REPLACEMENT, blanks
    around it are gone. Empty when nothing in it is visible. Refuses nothing."""
    text = _UNFIT.sub(REPLACEMENT, _LINE_END.sub("\n", text)).strip()
    return text if is_visible(text) else ""


def is_visible(text: str) -> bool:
    """Whether a reader sees anything of it: neither blanks nor format, combining and control characters."""
    return any(unicodedata.category(c)[0] not in "ZCM" and c not in _BLANK for c in text)


def is_unicode(text: str) -> bool:
    """Whether it can be written as UTF-8. Python reads bytes that are no UTF-8 as surrogates."""
    return _SURROGATE.search(text) is None


def turns(text: str) -> bool:
    """Whether the text may change the order of the words around it, in a page that runs left to right."""
    return not text.isascii() and any(unicodedata.bidirectional(c) in _TURNS for c in text)


def isolated(name: str) -> str:
    """The name for use within a sentence of plain text, between FSI and PDI where it would turn the sentence.

    Other names are returned as they are.
    """
    return f"{FSI}{contained(name)}{PDI}" if turns(name) else name


def contained(name: str) -> str:
    """The name without directions that would act beyond it: an isolate that ends within it is kept."""
    depth = 0
    for found in _DIRECTION.findall(name):
        depth += -1 if found == PDI else 1
        if depth < 0 or found < FIRST_ISOLATE:
            return _DIRECTION.sub("", name)
    return name if depth == 0 else _DIRECTION.sub("", name)


def first_words(text: str, chars_max: int) -> str:
    """The text on one line; a longer one ends after a word, or within the one that is too long, with "…"."""
    on_one_line = " ".join(text.split())
    if len(on_one_line) <= chars_max:
        return on_one_line
    cut = on_one_line[: chars_max - len(CUT)]
    if not on_one_line[len(cut)].isspace() and (begin := cut.rstrip()).count(" "):
        cut = begin.rpartition(" ")[0]
    while cut and unicodedata.combining(on_one_line[len(cut)]):  # a letter keeps its marks
        cut = cut[:-1]
    return cut.rstrip() + CUT


def without_directions(text: str) -> str:
    """The text without what only directs how it is shown, such as the marks of `isolated`."""
    return _DIRECTION.sub("", text)


def _unfit_for_line(text: str) -> str:
    if not is_unicode(text):
        return "is not valid Unicode"
    if _LINE_END.search(text):
        return "has a line end in it"
    found = _CONTROL.search(text) or _DIRECTION.search(text)
    if found is None:
        return ""
    kind = "control character" if _CONTROL.match(found[0]) else "direction override"
    return f"has a {kind} in it ({CODE_POINT.format(ord(found[0]))})"


def _at_start(what: str) -> str:
    return what[:1].upper() + what[1:]
