"""The first thing anybody sees: `make run`, in its terminal and behind its links."""

import re
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from capture.simulate.exam_paper import QUESTION_S
from proctoring.cli.demo import PARTS, SECONDS
from tests.support.service import clean_environment, free_port

LAST_LINE = "Stop with Ctrl-C"
LOGGED_MIN = {"activity": 3, "answers": SECONDS // QUESTION_S}  # one answer more, at some times of day


@pytest.mark.live
def test_the_first_session_looks_like_the_product(tmp_path: Path) -> None:
    """The terminal has progress and links with what to do, and no line of the log; the recording has answers,
    activity, signals, a flag by a rule and one by the candidate."""
    data, port = tmp_path / "data", str(free_port())
    command = [sys.executable, "-m", "proctoring", "serve", "--demo", "--data", str(data), "--port", port]
    environment = clean_environment() | {"PROCTORING_ENV": "dev"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, text=True
    ) as run:
        try:
            assert run.stdout is not None
            said = []
            for line in run.stdout:
                said.append(line)
                if LAST_LINE in line:
                    break
            terminal = "".join(said)
            assert LAST_LINE in terminal, terminal
            assert "45 of 45 s" in terminal
            assert '"event"' not in terminal
            assert '"event": "take.ended"' in (data / "serve.log").read_text()
            links = re.findall(r"http://\S+/(?:sign-in|c)/\S+\n +\S.+", terminal)
            assert len(links) == len(PARTS) + 1
            recorded = terminal.partition("failed; sessions ")[2].split()[0]
            _look(links[0].split()[0], f"http://127.0.0.1:{port}", recorded)
        finally:
            run.terminate()
        assert run.wait(60) == 0


def _look(sign_in: str, service: str, session_id: str) -> None:
    """As the reviewer, who comes first."""
    with httpx2.Client(base_url=service, timeout=30) as reviewer:
        assert reviewer.post(sign_in).status_code == 303
        assert session_id in reviewer.get("/queue", headers={"accept": "text/html"}).text
        line = reviewer.get(f"/sessions/{session_id}/timeline.json").json()
        assert {(flag["source"], flag["title"]) for flag in line["flags"]} == {
            ("candidate", "The doorbell rings. I open the door and come straight back."),
            ("rule", "No face in the picture"),
        }
        logged = {log["log"]: log["entries"] for log in line["logs"]}
        assert logged.keys() == LOGGED_MIN.keys()
        assert all(logged[log] >= least for log, least in LOGGED_MIN.items()), logged
        assert {"webcam", "phone", "screen"} == {one["stream"] for one in line["signals"] if one["sheets"]}
        assert all(stream["segments"] for stream in line["streams"])
