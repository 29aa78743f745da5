"""Sentences of a notice. Words in braces are filled in by `proctoring.exams.notice`."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """One language. Every sentence is plain (B1), polite, and true of any exam that shows it."""

    title: str
    lede: str  # {exam}

    what: str
    things: Mapping[str, tuple[str, str]]  # kind: name, what it holds
    what_source: str

    why: str
    why_purpose: str
    why_ground: str  # {ground}
    grounds: Mapping[str, str]  # code of the exam's legal ground: the ground in words
    why_people: str

    who: str
    who_staff: str
    who_committee: str
    who_written_down: str
    who_outside: str
    who_sealed: str

    until: str
    until_results: str  # {days} {city}
    until_results_day: str  # {city}; an objection period of 0 days
    until_no_results: str  # {days}
    until_exam: str  # {days} {city}
    until_exam_day: str  # {city}
    until_longer: str
    until_identity: str
    until_words: str
    until_record: str  # {years}

    instead: str
    instead_in_person: str
    instead_ask: str

    rights: str
    rights_list: str
    rights_how: str
    rights_responsible: str  # {controller}
    rights_complaint: str  # {authority}

    ruler_exam: str
    ruler_results: str
    ruler_erased: str
    day: str
    more_days: str

    def days(self, count: int) -> str:
        """A number of days in words, such as "14 days"."""
        return f"{count} {self.day if count == 1 else self.more_days}"
