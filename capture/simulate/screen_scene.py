"""Scene of the shared screen: an exam page in a browser, with a moving pointer and running clocks."""

import math
from functools import lru_cache

from capture.simulate import exam_paper, lettering
from capture.simulate.absence import HERE
from capture.simulate.exam_paper import QUESTIONS, QUESTIONS_TOTAL, Question
from capture.simulate.lettering import BOLD, write
from capture.simulate.paint import Gradient, Layer, Pixels, Point, Sprite, ellipse, rounded

WIDTH, HEIGHT, RATE = 1280, 720, 5

_INK, _INK_2, _PALE, _LINE, _ACCENT = "#16211f", "#55625e", "#fbfcfb", "#c3cdca", "#0b5966"
_CLOCK_GREY = 236
_MOVE_S = 2.0
_NEXT = (313.0, 610.0)
_REST = (790.0, 262.0)
_PART_MINUTES = 45


class ScreenScene:
    """Draws the screen's picture of any instant; the same instant always gives the same picture."""

    def __init__(self, number: int = 0, away: range = HERE) -> None:
        self._offset_s = number * exam_paper.APART_S
        self._pages = [_page(index, answered=False) for index in range(len(QUESTIONS))]
        self._answered = [_page(index, answered=True) for index in range(len(QUESTIONS))]
        self._pointer = _pointer()

    def draw(self, unix_ms: int) -> Pixels:
        """The picture of that instant, HEIGHT x WIDTH x 3, without a burnt-in clock."""
        seconds = unix_ms % 86_400_000 / 1000 + self._offset_s
        turn, since = exam_paper.moment(seconds)
        index = turn % len(QUESTIONS)
        pages = self._answered if since >= exam_paper.CHOSEN_AFTER_S else self._pages
        picture = pages[index].copy()
        left = _PART_MINUTES * 60 - int(seconds) % (_PART_MINUTES * 60)
        lettering.put(picture, f"{left // 60:02d}:{left % 60:02d} left", 1078, 137, size=13, grey=255)
        day = unix_ms // 1000 % 86400
        lettering.put(
            picture, f"{day // 3600:02d}:{day // 60 % 60:02d}", 1212, 704, size=11, grey=_CLOCK_GREY
        )
        x, y = _pointer_at(QUESTIONS[index], since)
        self._pointer.lay(picture, round(x), round(y))
        return picture


def _pointer_at(question: Question, since: float) -> Point:
    """Rests next to the text, goes to the answer, waits, goes to Next, and comes back for the next one."""
    answer = (152.0, 331.0 + 58 * question.chosen)
    for start, source, goal in (
        (exam_paper.QUESTION_S - 0.6 - _MOVE_S, answer, _NEXT),
        (exam_paper.CHOSEN_AFTER_S - 0.2 - _MOVE_S, _REST, answer),
        (0.0, _NEXT, _REST),
    ):
        if since >= start:
            share = min(1.0, (since - start) / _MOVE_S)
            eased = share * share * (3 - 2 * share)
            bow = 26 * math.sin(math.pi * eased)
            return source[0] + (goal[0] - source[0]) * eased, source[1] + (goal[1] - source[1]) * eased - bow
    return _REST


@lru_cache(maxsize=2 * len(QUESTIONS))
def _page(index: int, answered: bool) -> Pixels:
    layer = Layer(WIDTH, HEIGHT, Gradient("#35606a", "#152c35", (0, 0), (WIDTH, HEIGHT)))
    layer.fill(
        "M 0 520 C 240 450 420 580 660 520 C 900 460 1090 430 1280 490 L 1280 720 L 0 720 Z", "#12303a", 0.6
    )
    _window(layer)
    _question(layer, index, answered)
    _overview(layer, exam_paper.FIRST_NUMBER + index, answered)
    _taskbar(layer)
    return layer.opaque()


def _window(layer: Layer) -> None:
    layer.fill(rounded(56, 36, 1168, 634, 6), "#061316", 0.35, 9)
    layer.fill(rounded(56, 30, 1168, 634, 6), _PALE)
    layer.fill("M 56 68 L 56 36 Q 56 30 62 30 L 1218 30 Q 1224 30 1224 36 L 1224 68 Z", "#dfe5e3")
    layer.fill("M 74 68 L 74 42 Q 74 37 79 37 L 290 37 Q 295 37 295 42 L 295 68 Z", "#f1f4f3")
    layer.fill(rounded(86, 46, 13, 13, 2), _ACCENT)
    write(layer, "Exam: module 2", 108, 58, size=10, paint=_INK)
    layer.line("M 1142 50 L 1153 50 M 1170 45 L 1180 45 L 1180 55 L 1170 55 L 1170 45", 1.4, _INK_2)
    layer.line("M 1197 45 L 1207 55 M 1207 45 L 1197 55", 1.4, _INK_2)
    layer.fill("M 56 68 L 1224 68 L 1224 102 L 56 102 Z", "#f1f4f3")
    layer.line("M 86 79 L 80 85 L 86 91 M 106 79 L 112 85 L 106 91", 1.8, _INK_2)
    layer.fill(rounded(134, 73, 900, 24, 4), _LINE)
    layer.fill(rounded(135, 74, 898, 22, 3), "#ffffff")
    write(layer, "exam.example.org/part-1", 148, 89, size=9.5, paint=_INK_2)
    layer.fill("M 56 102 L 1224 102 L 1224 156 L 56 156 Z", "#123c45")
    write(layer, exam_paper.TITLE, 88, 137, size=14, paint="#ffffff", weight=0.15)
    layer.fill("M 56 156 L 1224 156 L 1224 159 L 56 159 Z", "#6fb3ba")


def _question(layer: Layer, index: int, answered: bool) -> None:
    question = QUESTIONS[index]
    write(
        layer,
        f"Question {exam_paper.FIRST_NUMBER + index} of {QUESTIONS_TOTAL}",
        120,
        202,
        size=10.5,
        paint=_INK_2,
    )
    write(layer, question.title, 120, 240, size=16, paint=_INK, weight=BOLD)
    write(layer, question.story, 120, 276, size=11.5, paint="#33413d")
    for place, answer in enumerate(question.answers):
        y = 312 + 58 * place
        chosen = answered and place == question.chosen
        layer.fill(rounded(120, y, 760, 46, 4), _ACCENT if chosen else _LINE)
        edge = 1.8 if chosen else 1.0
        inner = rounded(120 + edge, y + edge, 760 - 2 * edge, 46 - 2 * edge, 3)
        layer.fill(inner, "#eaf3f4" if chosen else "#ffffff")
        layer.fill(ellipse(145, y + 23, 9, 9), _ACCENT if chosen else "#5d6b67")
        layer.fill(ellipse(145, y + 23, 7.4, 7.4), "#ffffff")
        if chosen:
            layer.fill(ellipse(145, y + 23, 4.6, 4.6), _ACCENT)
        write(layer, answer, 168, y + 28, size=11.5, paint=_INK)
    layer.fill(rounded(120, 578, 122, 42, 4), "#7d8986")
    layer.fill(rounded(121.2, 579.2, 119.6, 39.6, 3), "#ffffff")
    write(layer, "Previous", 147, 604, size=11.5, paint=_INK)
    layer.fill(rounded(254, 578, 122, 42, 4), _ACCENT)
    write(layer, "Next", 295, 604, size=11.5, paint="#ffffff", weight=0.15)


def _overview(layer: Layer, current: int, answered: bool) -> None:
    write(layer, "Questions", 980, 202, size=10.5, paint=_INK_2)
    for number in range(1, QUESTIONS_TOTAL + 1):
        x, y = 980 + 50 * ((number - 1) % 4), 218 + 44 * ((number - 1) // 4)
        done = number < current or (number == current and answered)
        layer.fill(rounded(x, y, 40, 34, 3), "#9fb0ac")
        inside = _ACCENT if number == current else "#cfe0e2" if done else "#ffffff"
        layer.fill(rounded(x + 1, y + 1, 38, 32, 2), inside)
        wide = lettering.mask(str(number), 10).shape[1]
        write(
            layer,
            str(number),
            x + 20 - wide / 2,
            y + 22,
            size=10,
            paint="#ffffff" if number == current else "#21302d",
        )
    write(layer, f"{current - 1 + answered} answered", 980, 508, size=10.5, paint=_INK_2)
    layer.fill(rounded(980, 522, 190, 6, 3), "#dfe5e3")
    layer.fill(rounded(980, 522, 190 * (current - 1 + answered) / QUESTIONS_TOTAL, 6, 3), _ACCENT)


def _taskbar(layer: Layer) -> None:
    layer.fill("M 0 680 L 1280 680 L 1280 720 L 0 720 Z", "#0d1b20", 0.92)
    for x, colour in ((574, "#d7e2e1"), (610, "#6fcbd8"), (646, "#e9e4c8"), (682, "#8aa3a6")):
        layer.fill(rounded(x, 690, 20, 20, 3), colour)
    layer.line("M 612 715 L 628 715", 2.4, "#6fcbd8")


def _pointer() -> Sprite:
    layer = Layer(24, 30)
    shape = "M 2 2 L 2 21 L 7 16.5 L 10.4 24 L 14 22.4 L 10.6 15.2 L 17 14.6 Z"
    layer.fill(shape, "#0a1416", 0.35, 1.6)
    layer.fill(shape, "#16211f")
    layer.line(f"{shape[:-2]} L 2 2", 1.5, "#ffffff")
    return Sprite(layer.sprite().pixels, 0, 0)
