"""The privacy notice of one exam, made from its capture profile and regulation and from nothing else.

Guarantee (P18): a notice speaks of a stream, the identity copy, the logs or signals only when the exam has
them. It says until when they are kept by the exam's own regulation. Pure: no clock, no table, no file.

`Notice.version` is a hash over every text, so a changed word makes another version. The version kept with a
session proves which words were shown.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import quote

from babel.dates import get_timezone_location

from proctoring.errors import Invalid
from proctoring.exams.model import RECORD_YEARS, CaptureProfile, CountFrom, Exam
from proctoring.exams.notice_texts import TEXTS
from proctoring.exams.notice_texts.texts import Texts
from proctoring.text import isolated
from storage.canonical import canonical

VERSION_CHARS_SHOWN = 8
MAILTO_SAFE = "@!$'*+,;:"


@dataclass(frozen=True, slots=True)
class Controller:
    """Who answers for the data (GDPR article 13.1 a and b), and to whom a candidate may complain (P20).

    An empty field leaves its sentence out. `record_years`: how long the law keeps the exam record (P11).
    """

    name: str
    address: str = ""
    email: str = ""
    phone: str = ""
    authority: str = ""
    authority_url: str = ""
    record_years: int = RECORD_YEARS

    @property
    def mailto(self) -> str:
        """The link that writes to them; what would be read as a part of the link is escaped (RFC 6068)."""
        return f"mailto:{quote(self.email, safe=MAILTO_SAFE)}"


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing that is recorded. `kind`: webcam, phone, screen, identity, activity, answers or signals."""

    kind: str
    name: str
    detail: str


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    href: str


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the notice. `key`: what, why, who, until, instead or rights."""

    key: str
    heading: str
    paragraphs: tuple[str, ...]
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Period:
    """The objection period as figures, so that a page can draw it to scale."""

    days: int
    count_from: CountFrom
    exam: str
    results: str
    erased: str


@dataclass(frozen=True, slots=True)
class Notice:
    """The text that a candidate reads before anything is recorded."""

    language: str
    exam: str
    controller: str
    title: str
    lede: str
    things: tuple[Thing, ...]
    sections: tuple[Section, ...]
    period: Period

    def section(self, key: str) -> Section | None:
        """The section called `key`, or None where the exam gives no reason for one."""
        return next((section for section in self.sections if section.key == key), None)

    def kept(self) -> str:
        """The whole notice as canonical JSON, to be kept with the session. `read` is its reverse."""
        return canonical(asdict(self)).decode()

    @property
    def version(self) -> str:
        """SHA-256 (hex) over `kept()`; its first VERSION_CHARS_SHOWN characters are shown."""
        return hashlib.sha256(self.kept().encode()).hexdigest()


def notice(exam: Exam, controller: Controller, language: str) -> Notice:
    """The notice of `exam` in `language`. Raises Invalid for a language that is not in LANGUAGES."""
    try:
        texts = TEXTS[language]
    except KeyError:
        raise Invalid(f"There is no notice in {language!r}.", "Choose nl, fr, de or en.") from None
    regulation = exam.regulation
    return Notice(
        language=language,
        exam=exam.title,
        controller=controller.name,
        title=texts.title,
        lede=texts.lede.format(exam=isolated(exam.title)),
        things=_things(exam.profile, texts),
        sections=(
            Section("what", texts.what, (texts.what_source,)),
            _why(exam.legal_ground, texts),
            _who(texts),
            Section("until", texts.until, _until(exam, controller, texts, language)),
            _instead(controller, texts),
            _rights(controller, texts),
        ),
        period=Period(
            regulation.objection_days,
            regulation.count_from,
            texts.ruler_exam,
            texts.ruler_results,
            texts.ruler_erased,
        ),
    )


def read(kept: str) -> Notice:
    """The notice that `Notice.kept` wrote."""
    body: dict[str, Any] = json.loads(kept)
    return Notice(
        language=body["language"],
        exam=body["exam"],
        controller=body["controller"],
        title=body["title"],
        lede=body["lede"],
        things=tuple(Thing(**thing) for thing in body["things"]),
        sections=tuple(
            Section(
                section["key"],
                section["heading"],
                tuple(section["paragraphs"]),
                tuple(Link(**link) for link in section["links"]),
            )
            for section in body["sections"]
        ),
        period=Period(**{**body["period"], "count_from": CountFrom(body["period"]["count_from"])}),
    )


def _things(profile: CaptureProfile, texts: Texts) -> tuple[Thing, ...]:
    kinds = [stream.value for stream in profile.streams]
    if profile.identity_copy:
        kinds.append("identity")
    if profile.activity_log:
        kinds.append("activity")
    if profile.answers_log:
        kinds.append("answers")
    if profile.signals:
        kinds.append("signals")
    return tuple(Thing(kind, *texts.things[kind]) for kind in kinds)


def _why(legal_ground: str, texts: Texts) -> Section:
    ground = isolated(texts.grounds.get(legal_ground, legal_ground))
    return Section(
        "why",
        texts.why,
        (f"{texts.why_purpose} {texts.why_ground.format(ground=ground)}", texts.why_people),
    )


def _who(texts: Texts) -> Section:
    inside = f"{texts.who_staff} {texts.who_committee} {texts.who_written_down}"
    return Section("who", texts.who, (inside, texts.who_outside, texts.who_sealed))


def _until(exam: Exam, controller: Controller, texts: Texts, language: str) -> tuple[str, ...]:
    regulation = exam.regulation
    days = regulation.objection_days
    city = get_timezone_location(regulation.zone, locale=language, return_city=True)
    figures = {"days": texts.days(days), "city": city}
    if regulation.count_from is CountFrom.EXAM_END:
        period = (texts.until_exam if days else texts.until_exam_day).format(**figures)
    else:
        period = (texts.until_results if days else texts.until_results_day).format(**figures)
        period += " " + texts.until_no_results.format(days=texts.days(regulation.max_days_without_results))
    said = [period, texts.until_longer]
    if exam.profile.identity_copy:
        said.append(texts.until_identity)
    if controller.record_years:
        said.append(texts.until_words)
        said.append(texts.until_record.format(years=controller.record_years))
    return tuple(said)


def _instead(controller: Controller, texts: Texts) -> Section:
    links = (Link(texts.instead_ask, controller.mailto),) if controller.email else ()
    return Section("instead", texts.instead, (texts.instead_in_person,), links)


def _rights(controller: Controller, texts: Texts) -> Section:
    responsible = ", ".join(isolated(part) for part in (controller.name, controller.address) if part)
    paragraphs = [
        texts.rights_list,
        texts.rights_how,
        texts.rights_responsible.format(controller=responsible),
    ]
    links = []
    if controller.email:
        links.append(Link(controller.email, controller.mailto))
    if controller.phone:
        links.append(
            Link(controller.phone, "tel:" + "".join(c for c in controller.phone if c in "+0123456789"))
        )
    if controller.authority:
        paragraphs.append(texts.rights_complaint.format(authority=isolated(controller.authority)))
        if controller.authority_url:
            links.append(Link(controller.authority, controller.authority_url))
    return Section("rights", texts.rights, tuple(paragraphs), tuple(links))
