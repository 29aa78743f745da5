"""A simulated candidate's doings are taken by the doors of the service, at the time they belong to."""

import json

import numpy as np
import pytest

from capture.simulate.candidate import Progress, Step
from capture.simulate.devices import DEVICES
from capture.simulate.doings import AWAY_FROM, AWAY_TO, LEAVES, away, doings
from capture.simulate.exam_paper import CHOSEN_AFTER_S, QUESTION_S, QUESTIONS, moment
from proctoring.cli.simulate import board_line
from proctoring.clock import iso
from proctoring.exams.model import Stream
from proctoring.recordings.events import read_batch
from tests.support.world import START

SECONDS = 45.0


@pytest.mark.parametrize("begin_s", [0.0, 3.5, 9.0, 15.9, 77_777.7])
def test_an_answer_is_given_when_the_screen_shows_it(begin_s: float) -> None:
    """Whenever the recording begins: each turn of the paper that is answered in it, once."""
    given = [one for one in doings(SECONDS, begin_s) if one.log == "answers"]
    assert len(given) in (SECONDS // QUESTION_S, SECONDS // QUESTION_S + 1)
    for one in given:
        turn, since_s = moment(begin_s + one.at_s)
        assert since_s == pytest.approx(CHOSEN_AFTER_S, abs=1e-6)
        question = QUESTIONS[turn % len(QUESTIONS)]
        assert one.event["result"]["response"] == question.answers[question.chosen]


def test_every_event_is_one_of_the_vocabulary() -> None:
    """As the endpoint reads it; in the order of time, within the recording."""
    all_of_them = doings(SECONDS, 0.0)
    assert [one.at_s for one in all_of_them] == sorted(one.at_s for one in all_of_them)
    assert all(0 <= one.at_s < SECONDS for one in all_of_them)
    now = iso(START)
    for number, one in enumerate(one for one in all_of_them if one.log):
        event = {"id": f"00000000-0000-4000-8000-{number:012}", "at": now} | one.event
        batch = json.dumps({"log": one.log, "sent_at": now, "events": [event]})
        assert len(read_batch(batch.encode()).events) == 1


def test_who_left_is_not_in_the_picture() -> None:
    """Neither before the webcam nor before the phone, for as long as the words on the page say so."""
    begin_ms = int(START.timestamp() * 1000)
    gone = away(begin_ms, SECONDS)
    assert (gone.start - begin_ms, gone.stop - begin_ms) == (AWAY_FROM * 45_000, AWAY_TO * 45_000)
    (leaves,) = [one for one in doings(SECONDS, 0.0) if one.form]
    assert (leaves.at_s, leaves.form["text"]) == (AWAY_FROM * SECONDS, LEAVES)
    for stream in (Stream.WEBCAM, Stream.PHONE):
        scene, always = DEVICES[stream].scene(0, gone), DEVICES[stream].scene(0)
        assert np.array_equal(scene.draw(gone.start - 1), always.draw(gone.start - 1))
        assert not np.array_equal(scene.draw(gone.start), always.draw(gone.start))
        assert np.array_equal(scene.draw(gone.start), scene.draw(gone.stop - 1))
        assert np.array_equal(scene.draw(gone.stop), always.draw(gone.stop))


def test_progress_is_one_line() -> None:
    """Each stream by its name; with many candidates how many do what."""
    one = [Progress(0, Stream.WEBCAM, Step.SENDING, 12.3), Progress(0, Stream.PHONE, Step.DROPPED, 9.0)]
    assert board_line(one, 45) == "    10 of 45 s  webcam sending, phone dropped"
    many = [Progress(n, Stream.WEBCAM, Step.SENDING if n else Step.FAILED, n) for n in range(8)]
    assert board_line(many, 60) == "     5 of 60 s  streams: 1 failed, 7 sending"
