"""The made-up exam that simulated candidates sit: questions, their answers, and which one is chosen when."""

from dataclasses import dataclass

TITLE = "Insurance distribution, module 2"
QUESTIONS_TOTAL = 24
FIRST_NUMBER = 7
QUESTION_S = 16
CHOSEN_AFTER_S = 9
APART_S = 5.0  # by which each candidate is ahead of the one before


@dataclass(frozen=True, slots=True)
class Question:
    """One question with four answers; `chosen` is the place, from 0, of the answer the candidate takes."""

    title: str
    story: str
    answers: tuple[str, str, str, str]
    chosen: int


QUESTIONS = (
    Question(
        "When must the adviser hand over the fee overview?",
        "A customer asks for advice on a car policy and pays the adviser by the hour.",
        (
            "Before the contract is signed, on paper or another lasting carrier",
            "Within thirty days of the first premium",
            "Only when the customer asks for it in writing",
            "Together with the first yearly statement",
        ),
        0,
    ),
    Question(
        "Which damage does the basic fire policy leave out?",
        "After a storm, water comes in through a roof window that was left open.",
        (
            "Smoke that comes from the neighbours' house",
            "Water that enters through an opening left open",
            "Lightning that strikes the chimney",
            "The impact of a falling tree",
        ),
        1,
    ),
    Question(
        "What belongs in the written analysis of needs?",
        "A young family wants cover for the home, its contents and legal aid.",
        (
            "The adviser's turnover with each insurer",
            "A forecast of premiums for ten years",
            "The customer's wishes, situation and the reasons for the advice",
            "The names of other customers with the same cover",
        ),
        2,
    ),
    Question(
        "Who is told first when a conflict of interest appears?",
        "The adviser's partner owns a share of the insurer that is recommended.",
        (
            "The customer, clearly and before the contract",
            "Nobody, as long as the premium is the lowest",
            "The insurer, at the end of the year",
            "The customer, once a claim has been paid",
        ),
        0,
    ),
)


def moment(seconds: float) -> tuple[int, float]:
    """Which question is open `seconds` into the exam (counted on and on) and for how many seconds already."""
    return int(seconds // QUESTION_S), seconds % QUESTION_S
