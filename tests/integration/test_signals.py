"""From a simulated candidate over real WebRTC to the time line and to erasure: signals, all the way."""

import asyncio
from pathlib import Path

import pytest

from capture.simulate.candidate import SimulatedSession, simulate
from proctoring.exams.model import Stream
from tests.support.service import DEV, Service, wait_until

PUBLISHED_S = 14
LOOKED_S_MAX = 30


@pytest.mark.promise("P7")
def test_a_candidate_s_signals_from_the_camera_to_erasure(tmp_path: Path) -> None:
    """The service's own child looks at every stream; a proctor sees thumbnails and measurements, the one in
    front of the camera is one face and no flag; the purge leaves no object of it."""
    service = Service(tmp_path / "data", DEV).start()
    try:
        invited = service.invite("--signals", "--streams", "webcam,screen")
        streams = {Stream(name): token for name, token in invited["tokens"].items()}
        done = asyncio.run(simulate(service.url, [SimulatedSession(streams)], PUBLISHED_S))
        assert not done.failures
        service.run("session", "finish", invited["session_id"])
        proctor = service.signed_in("M. Claes", "proctor")
        session = f"/sessions/{invited['session_id']}"

        def told() -> dict[str, int]:
            line = proctor.get(f"{session}/timeline.json").json()
            return {head["stream"]: head["sheets"] for head in line["signals"]}

        wait_until(lambda: set(told()) == {"webcam", "screen"}, LOOKED_S_MAX, "no sheets were stored")
        for stream in ("webcam", "screen"):
            (sheet, *_) = proctor.get(f"{session}/signals/{stream}.json").json()["sheets"]
            seen = proctor.get(f"{session}/signals/{stream}/{sheet['n']}.json").json()["thumbnails"]
            assert seen
        kinds = {one["kind"] for one in proctor.get(f"{session}/signals/webcam.json").json()["signals"]}
        assert kinds <= {"speech-level", "silence"}
        metrics = proctor.get("/metrics").text
        assert "signal_child_restarts_total 0.0" in metrics
        assert 'signal_sheets_total{outcome="lost"} 0.0' in metrics

        service.run("purge", "--at", "2099-01-01T00:00:00Z")
        assert proctor.get(f"{session}/signals/webcam.json").status_code == 404
        assert not [file for file in (service.data / "objects").rglob("*") if file.is_file()]
    finally:
        service.stop()
