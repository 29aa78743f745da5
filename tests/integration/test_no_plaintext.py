"""No plaintext of a recording is in any file under the data folder."""

from pathlib import Path

import pytest

from tests.support.service import Service

WINDOW = 32


@pytest.mark.timeout(240)
@pytest.mark.promise("P13")
def test_no_piece_of_any_segment_is_in_any_file(tmp_path: Path) -> None:
    """Every stretch of what the player is given, cut into windows, is looked for in every file that the
    service keeps: database, write-ahead log, objects, keys, log."""
    service = Service(tmp_path / "data").start()
    try:
        session_id = service.run("simulate", "--seconds", "8")["sessions"][0]
        client = service.signed_in("M. Claes", "proctor")
        line = client.get(f"/sessions/{session_id}/timeline.json").json()
        canaries = set()
        for stream in line["streams"]:
            assert stream["segments"]
            for segment in stream["segments"]:
                plain = client.get(f"/media/{session_id}/{stream['stream']}/{segment['n']}").content
                media = plain[plain.find(b"mdat") :] if b"mdat" in plain else plain[1000:]
                assert len(media) > 10 * WINDOW
                canaries |= {media[at : at + WINDOW] for at in range(64, len(media) - WINDOW, WINDOW)}
    finally:
        service.stop()
    files = [file for file in [*service.data.rglob("*"), service.log] if file.is_file()]
    assert sum(file.stat().st_size for file in files) > 100_000
    for file in files:
        data = file.read_bytes()
        windows = {data[at : at + WINDOW] for at in range(len(data))}
        assert not canaries & windows, f"{file.name} holds plaintext"
