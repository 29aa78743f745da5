"""Place of a template's expression in a page: in text, in a tag, in an attribute. Pure.

It reads what our templates are: attributes quoted, no comments with tags in them.
"""

from dataclasses import dataclass, replace

TEXT_ONLY = frozenset({"title", "option", "text"})
"""Elements that people read and that cannot hold another; `text` is that of SVG."""
RAW = frozenset({"textarea", "script", "style"})
READ = frozenset({"aria-label", "title", "alt", "placeholder", "label"})
"""Attributes that people read, or that are read to them."""


@dataclass(frozen=True, slots=True)
class Place:
    """`element`: the one of TEXT_ONLY and RAW that it is in. `tag` is the one that is being read, `word` what
    was read of it since the last blank."""

    element: str = ""
    in_tag: bool = False
    tag: str = ""
    word: str = ""
    attribute: str = ""
    quote: str = ""

    @property
    def in_value(self) -> bool:
        """Whether it is in the value of `attribute`."""
        return bool(self.quote)

    def after(self, data: str) -> "Place":
        """The place after this piece of the template."""
        place = self
        for character in data:
            place = place._after(character)
        return place

    def _after(self, c: str) -> "Place":
        if self.quote:
            return replace(self, quote="", attribute="", word="") if c == self.quote else self
        if not self.in_tag:
            return replace(self, in_tag=True, tag="", word="") if c == "<" else self
        if c == ">":
            return self._closed()
        if c in "\"'":
            return replace(self, quote=c, attribute=self.word.rstrip("=").lower(), word="")
        if c.isspace():
            return replace(self, tag=self.tag or self.word.lower(), word="")
        return replace(self, word=self.word + c)

    def _closed(self) -> "Place":
        tag = self.tag or self.word.lower()
        if tag in TEXT_ONLY | RAW and not self.word.endswith("/"):
            return Place(element=tag)
        return Place(element="" if tag == f"/{self.element}" else self.element)


TEXT = Place()
BLOCKS = {
    "title": Place(element="title"),
    "main_class": Place(in_tag=True, tag="main", attribute="class", quote='"'),
    "body_class": Place(in_tag=True, tag="body", attribute="class", quote='"'),
    "skip_to": Place(in_tag=True, tag="a", attribute="href", quote='"'),
}
"""Blocks that do not stand in text; a template that fills one cannot see where it is."""
