"""A log in the evidence package."""

import json
from pathlib import Path

import pytest

from proctoring.recordings import ending
from storage.package.verify import verify
from tests.support.logs import answer, exam_with_logs, write
from tests.support.packages import export
from tests.support.world import World


@pytest.mark.promise("P13")
def test_the_evidence_package_has_the_logs_beside_the_streams(world: World, tmp_path: Path) -> None:
    """Sealed and opened, with manifest and checkpoints as a stream has, and verified offline with them."""
    session = world.admitted(exam_with_logs(world))
    world.record(session)
    write(world, session, "answers", [answer(world.clock(), "forty-two")])
    with world.core.db.begin() as db:
        ending.finish(db, world.core, session.id)
    package = export(world, session, tmp_path / "package")
    assert [(stream.kind, stream.leaves) for stream in package.streams] == [
        ("activity", 0),
        ("answers", 1),
        ("webcam", 3),
    ]
    opened = json.loads((tmp_path / "package/data/answers/media/00000000.json").read_bytes())
    assert opened["events"][0]["result"] == {"response": "forty-two"}
    assert verify(tmp_path / "package", world.signer.public).ok
