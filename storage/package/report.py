"""PASS and FAIL, one line per check, each with a code that machines can rely on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from storage.errors import Refused

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Check:
    """`code` says what was checked, `subject` of which stream or file; `reason` is empty when it passed.

    What was not `checked` has neither passed nor failed.
    """

    code: str
    subject: str
    reason: str
    detail: str
    checked: bool = True

    @property
    def passed(self) -> bool:
        return self.checked and not self.reason

    @property
    def verdict(self) -> str:
        return ("PASS" if self.passed else "FAIL") if self.checked else "SKIP"

    def line(self) -> str:
        words = [self.reason and f"{self.reason}:", self.detail]
        said = " ".join(word for word in words if word)
        return f"{self.verdict}  {self.code:20}  {self.subject:9}  {said}".rstrip()

    def json(self) -> dict[str, str | bool]:
        return {
            "code": self.code,
            "subject": self.subject,
            "checked": self.checked,
            "passed": self.passed,
            "reason": self.reason,
            "detail": self.detail,
        }


@dataclass
class Report:
    """The checks in the order in which they were made."""

    checks: list[Check] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return bool(self.checks) and all(check.passed or not check.checked for check in self.checks)

    def reasons(self) -> set[tuple[str, str]]:
        """(code, reason) of every failure."""
        return {(check.code, check.reason) for check in self.checks if check.reason}

    def leave(self, code: str, subject: str, said: str) -> None:
        """A check that was not made, and why; the report is neither better nor worse for it."""
        self.checks.append(Check(code, subject, "", said, checked=False))

    def run(
        self, code: str, subject: str, check: Callable[[], T], said: str | Callable[[T], str] = ""
    ) -> T | None:
        """What `check` returns; a Refused becomes the FAIL, anything else the PASS with `said` (of it)."""
        try:
            result = check()
        except Refused as refused:
            self.checks.append(Check(code, subject, refused.reason, printable(str(refused))))
            return None
        self.checks.append(Check(code, subject, "", said if isinstance(said, str) else said(result)))
        return result

    @contextmanager
    def part(self, code: str, subject: str, said: str = "") -> Iterator[None]:
        """As `run`, for a stretch of code."""
        try:
            yield
        except Refused as refused:
            self.checks.append(Check(code, subject, refused.reason, printable(str(refused))))
        else:
            self.checks.append(Check(code, subject, "", said))


def printable(text: str) -> str:
    """Text that moves no cursor and breaks no line, whatever a hostile package wrote into it."""
    return "".join(c if c.isprintable() else "?" for c in text)[:300]
