"""The notice says what the exam records, until when and by whose leave: that, and nothing else."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from proctoring.errors import Invalid
from proctoring.exams.model import LANGUAGES, CaptureProfile, CountFrom, Exam, Regulation, Stream
from proctoring.exams.notice import Controller, Notice, notice, read
from proctoring.exams.notice_texts import TEXTS

CONTROLLER = Controller(
    "Exam Body",
    "1 Law Street, 1000 Brussels",
    "privacy@exam.example",
    "+32 2 000 00 00",
    "Privacy Authority",
    "https://authority.example/",
)
# Words by which a reader would recognise each kind of recording, in any sentence of the notice.
TELLTALES = {
    "webcam": ("webcam",),
    "phone": ("phone", "telefoon", "téléphone", "Telefon", "tablet"),
    "screen": ("screen", "scherm", "écran", "Bildschirm"),
    "identity": ("identity card", "identiteitskaart", "carte d’identité", "Personalausweis"),
    "activity": ("websites", "programs", "programma", "programmes", "Programme"),
    "answers": ("your answers", "uw antwoorden", "vos réponses", "Ihre Antworten"),
    "signals": ("measurements", "metingen", "mesures", "Messwerte"),
}


def exam(
    *streams: Stream,
    days: int = 14,
    count_from: CountFrom = CountFrom.RESULTS,
    identity_copy: bool = False,
    activity_log: bool = False,
    answers_log: bool = False,
    signals: bool = False,
    legal_ground: str = "legitimate-interest",
) -> Exam:
    """An exam that records `streams`."""
    return Exam(
        "exam-1",
        "Insurance, module 2",
        Regulation(days, count_from, "Europe/Brussels", 90),
        CaptureProfile(streams or tuple(Stream), identity_copy, activity_log, answers_log, signals),
        legal_ground,
        datetime(2026, 11, 1, tzinfo=UTC),
    )


def words(given: Notice) -> str:
    """Everything that the notice says."""
    things = [f"{thing.name} {thing.detail}" for thing in given.things]
    parts = [
        [part.heading, *part.paragraphs, *(link.label for link in part.links)] for part in given.sections
    ]
    return "\n".join([given.title, given.lede, *things, *(text for part in parts for text in part)])


@pytest.mark.promise("P18")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", [*Stream, "identity", "activity", "answers", "signals"])
def test_it_speaks_of_what_is_recorded_and_of_nothing_else(language: str, kind: str) -> None:
    """Each profile generates exactly its own sentences: without a phone, no word of a phone."""
    streams = [Stream(kind)] if kind in list(Stream) else [Stream.WEBCAM]
    only = exam(
        *streams,
        identity_copy=kind == "identity",
        activity_log=kind == "activity",
        answers_log=kind == "answers",
        signals=kind == "signals",
    )
    given = notice(only, CONTROLLER, language)
    expected = {*streams, kind}
    assert {thing.kind for thing in given.things} == expected
    said = words(given)
    for other, telltales in TELLTALES.items():
        mentioned = any(re.search(rf"\b{word}", said, re.IGNORECASE) for word in telltales)
        assert mentioned == (other in expected), f"{language}: {other}"


@pytest.mark.promise("P1")
@pytest.mark.promise("P2")
@pytest.mark.promise("P3")
def test_it_tells_each_stream_with_what_it_holds() -> None:
    """Webcam and phone with picture and sound, the screen as a whole; in the order of the profile."""
    things = notice(exam(), CONTROLLER, "en").things
    assert [(thing.kind, thing.detail.split(" of ")[0].split(" from ")[0]) for thing in things] == [
        ("webcam", "picture and sound"),
        ("phone", "picture and sound"),
        ("screen", "everything that is on your whole screen"),
    ]


@pytest.mark.promise("P7")
@pytest.mark.parametrize(
    ("days", "count_from", "expected"),
    [
        (
            14,
            CountFrom.RESULTS,
            "14 days after the results are published, at the end of that day (Brussels time)",
        ),
        (1, CountFrom.RESULTS, "1 day after the results are published"),
        (0, CountFrom.RESULTS, "at the end of the day on which the results are published"),
        (30, CountFrom.EXAM_END, "30 days after the exam, at the end of that day (Brussels time)"),
        (0, CountFrom.EXAM_END, "at the end of the day of the exam"),
    ],
)
def test_it_says_until_when_by_the_regulation(days: int, count_from: CountFrom, expected: str) -> None:
    """The regulation's own days, and the maximum without results only where results matter."""
    until = notice(exam(days=days, count_from=count_from), CONTROLLER, "en").section("until")
    assert until is not None
    assert expected in until.paragraphs[0]
    assert ("90 days" in until.paragraphs[0]) == (count_from is CountFrom.RESULTS)


@pytest.mark.promise("P4")
@pytest.mark.parametrize("language", LANGUAGES)
def test_it_says_who_sees_the_card_and_until_when(language: str) -> None:
    """One paragraph more where a copy is taken."""
    plain, with_card = (
        notice(exam(identity_copy=taken), CONTROLLER, language).section("until") for taken in (False, True)
    )
    assert plain is not None
    assert with_card is not None
    assert set(with_card.paragraphs) - set(plain.paragraphs) == {TEXTS[language].until_identity}


@pytest.mark.promise("P20")
@pytest.mark.parametrize("language", LANGUAGES)
def test_it_names_the_controller_and_where_to_complain(language: str) -> None:
    """Contact of the controller and the data protection authority, from the configuration."""
    rights = notice(exam(), CONTROLLER, language).section("rights")
    assert rights is not None
    assert any("Exam Body, 1 Law Street, 1000 Brussels" in text for text in rights.paragraphs)
    assert any("Privacy Authority" in text for text in rights.paragraphs)
    assert {link.href for link in rights.links} == {
        "mailto:privacy@exam.example",
        "tel:+3220000000",
        "https://authority.example/",
    }


def test_what_is_not_configured_is_not_claimed() -> None:
    """No empty contact, no authority without a name, no ten years where no law asks for them."""
    given = notice(exam(), Controller("Exam Body", record_years=0), "en")
    assert all(not section.links for section in given.sections)
    assert "complain" not in words(given).replace("Your rights, contact and complaints", "")
    assert "years" not in words(given)


@pytest.mark.parametrize("language", LANGUAGES)
def test_consent_is_not_the_ground_and_no_machine_judges(language: str) -> None:
    """The exam's own legal ground, in the reader's language where it is a known one."""
    why = notice(exam(), CONTROLLER, language).section("why")
    assert why is not None
    assert "6.1 f" in why.paragraphs[0]
    free = notice(exam(legal_ground="the Act of 4 April 2014"), CONTROLLER, language).section("why")
    assert free is not None
    assert "the Act of 4 April 2014" in free.paragraphs[0]


def test_a_changed_word_is_another_version() -> None:
    """The version is a hash over every text: title, days, contact and language all count."""
    base = notice(exam(), CONTROLLER, "en")
    others = [
        notice(replace(exam(), title="Another exam"), CONTROLLER, "en"),
        notice(exam(days=15), CONTROLLER, "en"),
        notice(exam(Stream.WEBCAM), CONTROLLER, "en"),
        notice(exam(), replace(CONTROLLER, phone="+32 2 111 11 11"), "en"),
        notice(exam(), CONTROLLER, "nl"),
    ]
    assert len({base.version, *(other.version for other in others)}) == len(others) + 1
    assert notice(exam(), CONTROLLER, "en").version == base.version


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_kept_text_shows_the_same_notice_again(language: str) -> None:
    """What is kept with the session reads back as the very notice that was shown."""
    given = notice(exam(identity_copy=True, activity_log=True, answers_log=True), CONTROLLER, language)
    assert read(given.kept()) == given
    assert read(given.kept()).version == given.version


def test_every_language_has_every_sentence_with_the_same_placeholders() -> None:
    """Nothing is left in English, and no language asks for a figure that another does not."""
    english = TEXTS["en"]
    for language in set(LANGUAGES) - {"en"}:
        texts = TEXTS[language]
        assert texts.things.keys() == english.things.keys()
        assert texts.grounds.keys() == english.grounds.keys()
        for name in english.__dataclass_fields__:
            ours, theirs = getattr(texts, name), getattr(english, name)
            if isinstance(theirs, str):
                assert ours.strip(), name
                assert placeholders(ours) == placeholders(theirs), f"{language}: {name}"
                assert ours != theirs or name in ("ruler_exam",), f"{language}: {name} is English"


def test_a_language_without_a_notice_is_refused() -> None:
    """Rather than falling back to one that the candidate may not read."""
    with pytest.raises(Invalid):
        notice(exam(), CONTROLLER, "it")


def placeholders(text: str) -> set[str]:
    """The names in braces."""
    return {part.split("}")[0] for part in text.split("{")[1:]}
