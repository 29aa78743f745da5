"""Signals and thumbnails of the streams of exams that ask for them: a machine measures, people look.

    recorder.py   wraps the real recorder: hands each stored segment on, keeps the results
    watch.py      the child process from outside: one segment at a time; killed when it hangs
    wire.py       the messages over its pipes
    child.py      the child process from inside: gives up every dangerous right, then looks
    decode.py     a segment's first picture and its sound          } hostile bytes are decoded here alone,
    measures.py   pictures and sound to figures: pure functions    } in the child
    rules.py      figures over time to signals: pure, thresholds in one table

Never a score, an emotion, a gaze or the recognition of a face (`proctoring.signals.model`).
"""
