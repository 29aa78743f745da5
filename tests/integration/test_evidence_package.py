"""From the running service to a stranger's machine: export, and verification with the package alone."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import bagit
import pytest

from proctoring.appeals import service as appeals
from proctoring.compose.parts import parts
from tests.support.service import Service, wait_until

COPIED_S_MAX = 90


@pytest.mark.promise("P13")
def test_a_recorded_session_is_exported_and_verified_offline(tmp_path: Path) -> None:
    """Recorded over WebRTC, exported, its service gone: the package proves itself against published key and
    copied checkpoints; a turned bit is exit 1 with a named check."""
    data, package = tmp_path / "data", tmp_path / "package"
    copy = tmp_path / "elsewhere.jsonl"
    service = Service(data).start(PROCTORING_CHECKPOINT_COPY=str(copy))
    try:
        session_id = service.run("simulate", "--seconds", "6")["sessions"][0]
        refused_without_ground(service, session_id, package)
        core = parts(data).core
        with core.db.begin() as db:
            appeals.lodge(db, core, session_id, "I was alone in the room.")
        core.db.close()
        made = service.run("export", session_id, "--out", str(package), "--for", "appeal:17")
        assert made["segments"] > 0
        assert made["for"] == "appeal:17"
        last = f'"proctoring/ledger\\n{made["ledger_number"]}\\n'
        wait_until(lambda: copy.exists() and last in copy.read_text(), COPIED_S_MAX, "nothing is copied")
        entered = service.run("ledger", "verify", "--objects", "--copy", str(copy))
        assert entered["ok"]
        assert entered["copied"] > 3
        refusal = service.run("export", session_id, "--out", str(package), code=1)
        assert refusal["remedy"]
    finally:
        service.stop()
    key = tmp_path / "signing.pub"
    shutil.copy(data / "keys" / "public" / "signing.pub", key)
    shutil.rmtree(data)
    arguments = (str(package), "--key", str(key), "--copy", str(copy))
    assert verified(*arguments, code=0)["ok"]
    bagit.Bag(str(package)).validate()  # by the reference implementation of RFC 8493
    media = next(package.glob("data/webcam/media/*"))
    content = bytearray(media.read_bytes())
    content[len(content) // 2] ^= 1
    media.write_bytes(content)
    report = verified(*arguments, code=1)
    with pytest.raises(bagit.BagValidationError):
        bagit.Bag(str(package)).validate()
    failed = {(check["code"], check["reason"]) for check in report["checks"] if not check["passed"]}
    assert failed == {("bag.files", "wrong-hash"), ("segment.media", "wrong-media")}


def refused_without_ground(service: Service, session_id: str, package: Path) -> None:
    """Nothing leaves without a ground; for a court only with a privacy officer as the second person."""
    out = ("export", session_id, "--out", str(package))
    assert "--request" in service.run(*out, code=1)["remedy"]
    service.run("user", "add", "M. Claes", "--role", "proctor")
    service.run("user", "add", "P. Officer", "--role", "privacy-officer")
    court = (*out, "--for", "court-case:2026/117", "--ground", "court")
    for second in ((), ("--second", "M. Claes"), ("--second", "nobody")):
        assert service.run(*court, *second, code=1)["remedy"]
    assert not package.exists()
    other = str(package.with_name("court"))
    made = service.run("export", session_id, "--out", other, "--ground", "court", "--second", "P. Officer")
    assert verified(other, code=0)["ok"]
    assert made["segments"] > 0


def verified(*arguments: str, code: int) -> dict[str, Any]:
    """`proctoring verify` without a data folder."""
    command = [sys.executable, "-m", "proctoring", "verify", "--json", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == code, done.stdout + done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report
