"""Three recording streams beside an attack: what was sent of them, compared with what was stored."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from proctoring.cli.simulate import invite
from proctoring.compose.parts import Parts, parts
from proctoring.recordings.rows import TakeRow
from tests.attacks.frame import LOOPBACK, Attack, Ground, Outcome, Shape
from tests.bench.load.clip import AUDIO_CLOCK_HZ, AUDIO_SAMPLES, FRAMES_PER_S
from tests.bench.receivers import kept_of
from tests.support.service import Service, clean_environment, wait_until

BESIDE_S_MAX = 300.0
AFTER_S = 2.0  # recorded on behind the attack, for what it has left behind
ENDED_S_MAX = 60
PICTURE_MS = 1000 / FRAMES_PER_S
SOUND_MS = 1000 * AUDIO_SAMPLES / AUDIO_CLOCK_HZ

Invited = dict[str, Any]
"""The candidate who is recorded: `candidate_url`, `session_id`, and `tokens` by stream."""
Stranger = Callable[[Service, Invited], tuple[int, int]]
"""An attack on this service while it records; how often it was tried, and how often it got through."""


def beside_streams(name: str, stranger: Stranger, seconds: float | None = None) -> list[Attack]:
    """The attack in each shape, with three streams of one candidate recorded beside it until it has ended;
    with `seconds` for so long, and it has to end within them."""
    return [Attack(f"{name} ({shape})", partial(_run, shape, stranger, seconds)) for shape in Shape]


def _run(shape: Shape, stranger: Stranger, seconds: float | None, ground: Ground) -> Outcome:
    service = ground.service(shape)
    made = parts(service.data)
    try:
        (invited,) = invite(made, 1)
        sent, (tried, through) = _published(service, invited, stranger, seconds)
        wait_until(lambda: _ended(made, invited["session_id"]), ENDED_S_MAX, "a take is still open")
        kept = kept_of(made, invited["session_id"])
    finally:
        made.core.db.close()
    return Outcome(
        tried,
        through,
        picture_ms=round((sent["frames"] - kept["video"]) * PICTURE_MS),
        sound_ms=round((sent["sounds"] - kept["audio"]) * SOUND_MS),
    )


def _published(
    service: Service, invited: Invited, stranger: Stranger, seconds: float | None
) -> tuple[dict[str, int], tuple[int, int]]:
    """Pictures and packets of sound that were sent while the attack ran, and what came of the attack."""
    file = service.data.parent / "tokens"
    file.write_text("\n".join(invited["tokens"].values()))
    command = [
        sys.executable,
        "-m",
        "tests.bench.load",
        "--whip",
        f"{service.url}/whip",
        "--tokens",
        str(file),
    ]
    command += ["--address", LOOPBACK, "--settle", "1", "--seconds", str(seconds or BESIDE_S_MAX)]
    with (
        _log(service).open("ab") as log,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, text=True, env=clean_environment()
        ) as publishing,
    ):
        try:
            _line(publishing, service)
            came = stranger(service, invited)
            assert publishing.poll() is None, "the streams had ended before the attack was over"
            if seconds is None:
                time.sleep(AFTER_S)
                publishing.send_signal(signal.SIGUSR1)
            report = _line(publishing, service)
        finally:
            publishing.kill()
    return {kind: sum(report[kind]) for kind in ("frames", "sounds")}, came


def _line(publishing: "subprocess.Popen[str]", service: Service) -> dict[str, list[int]]:
    """The next thing that the publishers say: that all are connected, then what they sent."""
    assert publishing.stdout is not None
    text = publishing.stdout.readline()
    assert text, f"the publishers have ended; see {_log(service)} and {service.log}"
    said: dict[str, list[int]] = json.loads(text)
    return said


def _log(service: Service) -> Path:
    return service.data.parent / "publishers.log"


def _ended(made: Parts, session_id: str) -> bool:
    """Whether the session has takes, and none is open."""
    with made.core.db.read() as db:
        ends = [row.ended_at for row in db.query(TakeRow).filter_by(session_id=session_id)]
    return bool(ends) and None not in ends
