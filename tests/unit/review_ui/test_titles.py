"""Every flag says what happened, in the words of who raised it, and never "Something else"."""

from datetime import UTC, datetime

import pytest

from proctoring.exams.model import Stream
from proctoring.flags import service as flags
from proctoring.flags.model import Category, Flag, FlagSource, FlagState, Severity
from proctoring.help import service as help_requests
from proctoring.help.model import CATEGORIES, TEXT_CHARS_MAX, HelpKind
from proctoring.recordings import ruleflags
from proctoring.recordings.model import EndCause
from proctoring.sessions.model import Session
from proctoring.signals.model import RAISES_FLAG
from proctoring.text import FSI, first_words
from review_ui.titles import TITLE_CHARS_MAX, title
from review_ui.words import word
from tests.unit.review_ui.conftest import Office, Staff

NOTES = ("", "It fell.", "two\nlines", "long " * 300)
TOO_EMPTY = word(Category.OTHER)


def flag(source: FlagSource, category: Category, note: str) -> Flag:
    at = datetime(2026, 11, 16, 8, tzinfo=UTC)
    return Flag("f", "s", 0, 0, source, category, Severity.MINOR, note, FlagState.OPEN, "p", at)


@pytest.mark.parametrize("source", list(FlagSource))
@pytest.mark.parametrize("category", list(Category))
@pytest.mark.parametrize("note", NOTES)
def test_every_flag_has_a_title(source: FlagSource, category: Category, note: str) -> None:
    """Over the closed vocabularies of who raises and what for: something to read, on one line, that says more
    than that it is something else."""
    shown = title(flag(source, category, note)).words
    assert shown.strip()
    assert shown != TOO_EMPTY
    if source is not FlagSource.RULE:
        assert len(shown) <= TITLE_CHARS_MAX
        assert "\n" not in shown


def test_each_thing_that_a_rule_notices_has_a_title_of_its_own() -> None:
    """What a signal measured, and what a take ended for: no two alike, each in the rule's words."""
    noticed = list(RAISES_FLAG.values())
    noticed += [
        (Category.RECORDING_ENDED, ruleflags.SHARING_ENDED),
        (Category.TECHNICAL, ruleflags.NOT_STORABLE),
    ]
    titles = [title(flag(FlagSource.RULE, category, words)) for category, words in noticed]
    assert [one.words for one in titles] == [words for _, words in noticed]
    assert len({one.words for one in titles}) == len(titles)
    assert all(one.ours for one in titles)


@pytest.mark.parametrize("cause", list(EndCause))
def test_a_rule_about_ends_raises_no_flag_without_words(office: Office, cause: EndCause) -> None:
    """Whatever a take ends for, if it is flagged, the flag says it."""
    world = office.world
    session = world.admitted(world.exam(streams=(Stream.WEBCAM,)))
    world.record(session)
    with world.core.db.begin() as db:
        ruleflags.flag_end(db, world.core, session.id, 0, cause)
        found = flags.of_session(db, session.id)
    assert all(title(one).words == one.note for one in found)
    assert bool(found) is (cause in (EndCause.SHARING_ENDED, EndCause.NOT_STORABLE))


@pytest.mark.parametrize("kind", list(HelpKind))
def test_a_candidate_is_quoted(kind: HelpKind) -> None:
    """Their first words; what they did where they wrote none, as they may when they leave the room."""
    said = title(flag(FlagSource.CANDIDATE, CATEGORIES[kind], "My phone fell."))
    assert (said.words, said.ours) == ("My phone fell.", False)
    assert title(flag(FlagSource.CANDIDATE, Category.LEFT_THE_ROOM, "")).words == "Left the room"


def test_a_proctor_s_choice_stands_and_their_words_where_it_says_nothing() -> None:
    """The note stays below."""
    chosen = title(flag(FlagSource.PROCTOR, Category.UNAUTHORISED_AID, "a calculator"))
    assert (chosen.words, chosen.ours) == ("Unauthorised aid", True)
    other = title(flag(FlagSource.PROCTOR, Category.OTHER, "reads aloud"))
    assert (other.words, other.ours) == ("reads aloud", False)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("  one \n two ", "one two"),
        ("exactly ten", "exactly…"),
        ("ten chars!", "ten chars!"),
        ("unbreakable-word", "unbreakab…"),
        ("abcdefghe\u0301\u0301x", "abcdefgh…"),
        ("abcdefghe\u0301\u0301x", "abcdefgh…"),
    ],
)
def test_first_words_end_after_a_word(text: str, shown: str) -> None:
    """At most so many characters; no letter loses the marks that stand over it."""
    assert first_words(text, 10) == shown


def test_a_title_is_text_and_turns_nothing(office: Office, proctor: Staff) -> None:
    """Markup in a candidate's words is shown as written, Hebrew words are isolated."""
    world = office.world
    session: Session = world.admitted(world.exam(streams=(Stream.WEBCAM,)))
    begun = world.begin(session)
    world.store(begun, 0, world.clock.unix_ms)
    said = ('<script>"x"</script>', "נפל לי העט", "w" * TEXT_CHARS_MAX)
    with world.core.db.begin() as db:
        for words in said:
            help_requests.ask(db, world.core, session.id, HelpKind.HELP, words)
    page = proctor.get(f"/sessions/{session.id}").text
    listed = page.split('id="flags-panel"')[1].split("</ol>")[0]
    assert '<span class="what">&lt;script&gt;&#34;x&#34;&lt;/script&gt;</span>' in listed
    assert f'<span class="what"><bdi>{said[1]}</bdi></span>' in listed
    assert TOO_EMPTY not in listed
    drawn = proctor.get(f"/sessions/{session.id}/timeline.json", accept="application/json").json()["flags"]
    assert {one["title"] for one in drawn} == {said[0], said[1], "w" * (TITLE_CHARS_MAX - 1) + "…"}
    assert FSI not in "".join(one["title"] for one in drawn)  # the page isolates where it draws
