"""Words of every refusal that a candidate can meet, in each language."""

import re

import pytest

from proctoring.exams.model import LANGUAGES
from proctoring.web.templates import environment
from tests.support.refusals import reached
from tests.unit.capture.pages.test_problem_pages import ENGLISH

PAGES = [
    (f"capture.pages.{name}", "routes")
    for name in ("exam", "help", "identity", "notice", "phone", "recording", "rehearsal")
]
OBJECTS = ("Links", "IdentityRecorder", "Database", "OwnRecording")
STATUS_SAYS_IT = {
    "'This process was not given the secret for links.'": "503: a part cannot be reached",
    "f'There is no key for the recording: {error}.'": "503: a part cannot be reached",
    "f'There is no session {session_id}.'": "404: there is nothing at this address",
}
"""The page's words for the status say the same."""
NEVER_MET = {
    "f'There is no exam {exam_id}.'": "a session has its exam",
    "f'There is no notice in {language!r}.'": "the language is one of LANGUAGES",
    "'The hold would be looked at again in the past, or too late.'": "an appeal's hold has the usual date",
    "'The note is too long.'": "of the candidate's flag: `check_text` was before it",
    "f'{_at_start(what)} {why}.'": "a hold's owner, whom only staff name",
    "f'{_at_start(what)} is empty or too long.'": "a hold's owner, whom only staff name",
}


def words(language: str) -> dict[str, tuple[str, str]]:
    page = environment("capture", language).get_template("refusals.html")
    found: dict[str, tuple[str, str]] = page.module.refusals  # type: ignore[attr-defined]
    return found


@pytest.mark.promise("P18")
def test_every_refusal_that_a_candidate_can_meet_has_words() -> None:
    """Found in what the candidate's routes call; each has a key of the page, or a reason to need none."""
    found = list(reached(PAGES, OBJECTS))
    assert {"appeal-late", "link-expired", "reason-length"} <= {one.key for one in found}
    excused = STATUS_SAYS_IT.keys() | NEVER_MET.keys()
    assert [one for one in found if one.key is None and one.detail not in excused] == []
    assert excused <= {one.detail for one in found}
    assert {one.key for one in found} - {None} == words("en").keys()


@pytest.mark.promise("P18")
@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {"en"}))
def test_no_word_of_a_refusal_is_english(language: str) -> None:
    """Both sentences, with the facts of the English one."""
    english = words("en")
    for key, said in words(language).items():
        for sentence, original in zip(said, english[key], strict=True):
            assert sentence, key
            assert sentence != original, key
            assert not ENGLISH.search(sentence), sentence
            assert set(re.findall(r"{\w+}", sentence)) == set(re.findall(r"{\w+}", original)), key
