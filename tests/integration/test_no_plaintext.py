"""No plaintext of a recording is in any file under the data folder."""

from pathlib import Path

import pytest

from tests.support.canary import canaries, holds_plaintext
from tests.support.player import fetch_all
from tests.support.service import Service


@pytest.mark.promise("P13")
def test_no_piece_of_any_segment_is_in_any_file(tmp_path: Path) -> None:
    """Every stretch of what the player is given, cut into windows, is looked for in every file that the
    service keeps: database, write-ahead log, objects, keys, log."""
    service = Service(tmp_path / "data").start()
    try:
        session_id = service.run("simulate", "--seconds", "8")["sessions"][0]
        client = service.signed_in("M. Claes", "proctor")
        line = client.get(f"/sessions/{session_id}/timeline.json").json()
        assert all(stream["segments"] for stream in line["streams"])
        looked_for = canaries(fetch_all(client, session_id, line))
    finally:
        service.stop()
    files = [file for file in [*service.data.rglob("*"), service.log] if file.is_file()]
    assert sum(file.stat().st_size for file in files) > 100_000
    for file in files:
        assert not holds_plaintext(file.read_bytes(), looked_for), f"{file.name} holds plaintext"
