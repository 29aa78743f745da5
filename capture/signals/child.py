"""The process that decodes strangers' media: `python -m capture.signals.child`, questions in, answers out.

It is started with an empty environment, and has no key and no address. Before the first question it gives up
these rights for good:

- to open any file or socket, to fork, to write a core dump;
- to use more memory and more time than one look needs.

It has the lowest priority for a processor, and remembers nothing between two questions.
"""

import importlib
import os
import pkgutil
import resource
import signal
import sys
from collections.abc import Callable
from typing import BinaryIO

import av
import cv2
import numpy as np

from capture.signals import measures
from capture.signals.decode import decode
from capture.signals.wire import GIST_HEIGHT, GIST_WIDTH, HEAD, Answer, Question, answered
from proctoring.exams.model import Stream

NICENESS = 19
MEMORY_BYTES_MAX = 1 << 30  # of addresses; what is resident is a tenth of it
LOOK_CPU_S_MAX = 10
FILES = 3  # stdin, stdout, stderr: whoever has those three open can open no fourth


def look(question: Question) -> Answer:
    """Every figure that makes sense of this stream. Figures of a picture that is not there are left out."""
    picture, samples = decode(question.segment)
    figures: dict[str, float] = {}
    if samples is not None and question.stream is not Stream.SCREEN:
        figures["level"] = measures.level(samples)
    if picture is None:
        return Answer(figures, b"", b"")
    now = measures.gist(picture)
    figures["luma"] = measures.luma(now)
    if question.gist:
        before = np.frombuffer(question.gist, np.uint8).reshape(GIST_HEIGHT, GIST_WIDTH)
        figures["motion"] = measures.motion(before, now)
        if question.stream is Stream.SCREEN:
            figures["changed"] = measures.changed(before, now)
    if question.stream is not Stream.SCREEN:
        figures["detail"] = measures.detail(picture)
    if question.stream is Stream.WEBCAM:
        figures["faces"] = measures.faces(picture)
    return Answer(figures, now.tobytes(), measures.thumbnail(picture))


def shut_in() -> None:
    """Gives up, for good, every right that one look does not need."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us
    os.nice(NICENESS)
    cv2.setNumThreads(1)
    warm = np.zeros((72, 128, 3), np.uint8)
    measures.faces(warm)
    measures.thumbnail(warm)
    for module in pkgutil.walk_packages(av.__path__, "av."):
        importlib.import_module(module.name)  # the library loads its parts when first used; that is too late
    for limited in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE, resource.RLIMIT_NPROC):
        resource.setrlimit(limited, (0, 0))
    memory = _within(resource.RLIMIT_AS, MEMORY_BYTES_MAX)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))


def serve(questions: BinaryIO, answers: BinaryIO, looking: Callable[[Question], Answer] = look) -> None:
    """Answers one question after the other until there are no more. A segment that cannot be read at all is
    answered with nothing."""
    while head := questions.read(HEAD.size):
        stream, gist, segment = (questions.read(length) for length in HEAD.unpack(head))
        used = resource.getrusage(resource.RUSAGE_SELF)
        until = _within(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + LOOK_CPU_S_MAX)
        resource.setrlimit(resource.RLIMIT_CPU, (until, resource.getrlimit(resource.RLIMIT_CPU)[1]))
        try:
            answer = looking(Question(Stream(stream.decode()), gist, segment))
        except (av.FFmpegError, cv2.error, ValueError):
            answer = Answer({}, b"", b"")
        answers.write(answered(answer))
        answers.flush()


def _within(limited: int, value: int) -> int:
    """The value, or the system's own bound where that is lower: nobody may raise it."""
    _, hard = resource.getrlimit(limited)
    return value if hard == resource.RLIM_INFINITY else min(value, hard)


if __name__ == "__main__":
    shut_in()
    serve(sys.stdin.buffer, sys.stdout.buffer)
