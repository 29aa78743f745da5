"""Each role of its own is put together from its own keys, and no others need to exist."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select, update

from proctoring.compose.app import create_app
from proctoring.compose.capture_edge import capture_edge
from proctoring.compose.key_checks import opening, sealing
from proctoring.compose.parts import assemble, capture_parts, review_parts, worker_parts
from proctoring.compose.prepare import prepare
from proctoring.compose.review_edge import review_edge
from proctoring.compose.whole import whole_app
from proctoring.data_folder import DataFolder
from proctoring.errors import CoreError, Unavailable
from proctoring.exams import service as exams
from proctoring.exams.model import CaptureProfile, Stream
from proctoring.sessions import service as sessions
from proctoring.settings.settings import Settings
from proctoring.units.rows import UnitRow
from storage.errors import NotAuthentic, VaultError
from storage.proofs.sign import check_signature
from tests.support.asgi import addresses
from tests.support.settings import plain_settings
from tests.support.world import ADMIN, REGULATION

SHARED = {"/healthz", "/readyz", "/metrics", "/api/v1/openapi.json", "/static/look"}
OWN = {
    "capture": {"public", "links", "units"},
    "review": {"public", "private"},
    "worker": {"public", "private", "signing"},
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = plain_settings(data=tmp_path / "data")
    prepare(made)
    return made


def only(settings: Settings, role: str) -> Settings:
    """The data folder with the keys of one role, as if nothing else had ever been mounted."""
    for folder in DataFolder(settings.data).keys.iterdir():
        if folder.name not in OWN[role]:
            shutil.rmtree(folder)
    return settings


@pytest.mark.promise("P13")
def test_capture_seals_and_reads_links_and_can_open_nothing(settings: Settings) -> None:
    """It starts where no private half and no signing key exist; with them gone, nothing sealed opens."""
    made = capture_parts(only(settings, "capture"))
    sealing(made.core)
    assert capture_edge(made).routers
    with pytest.raises(VaultError):
        opening(made.core, review_parts(settings).opener)


def test_review_opens_and_has_neither_links_nor_signature(settings: Settings) -> None:
    """It starts without them, and says so when asked for a link."""
    made = review_parts(only(settings, "review"))
    opening(made.core, made.opener)
    with pytest.raises(Unavailable, match="not given"):
        made.core.links.read_invitation("any")
    with pytest.raises(Unavailable, match=r"signing\.key"):
        worker_parts(settings)


def test_the_worker_signs_and_rotates_without_links(settings: Settings) -> None:
    """Erasure, rotation and checkpoints need the signing key and the epochs, and no more."""
    made = worker_parts(only(settings, "worker"))
    check_signature(
        DataFolder(settings.data).public_signing_key.read_bytes(), b"message", made.signer.sign(b"message")
    )
    assert made.rotation().run() == (0, [])
    assert made.checkpoints() and made.eraser().run() == []


def test_a_role_without_its_key_names_the_file(settings: Settings) -> None:
    """Capture without the secret for links does not start, and the message says which file it is."""
    DataFolder(settings.data).links_secret.unlink()
    with pytest.raises(Unavailable, match=r"keys/links/links\.key"):
        capture_parts(settings)


@pytest.mark.parametrize("build", [capture_parts, review_parts, worker_parts, assemble])
def test_no_role_starts_before_init(tmp_path: Path, build: Callable[[Settings], object]) -> None:
    """A folder that nothing was made in is refused with what to do."""
    with pytest.raises(CoreError) as refusal:
        build(plain_settings(data=tmp_path))
    assert "init" in refusal.value.remedy


def test_serve_is_the_sum_of_its_roles(settings: Settings) -> None:
    """The whole application answers at the addresses of capture and of review, and at no others; both tell
    only their health, their interface and the look."""
    made = assemble(settings)
    capture = addresses(create_app(made.core, capture_edge(made.capture)))
    review = addresses(create_app(made.core, review_edge(made.review)))
    assert capture | review == addresses(whole_app(made))
    assert {path for _, path in capture & review} == SHARED


def test_keys_that_lay_together_are_moved_apart(settings: Settings) -> None:
    """A data folder of the first version goes on with the keys that it has."""
    folder = DataFolder(settings.data)
    before = [folder.links_secret.read_bytes(), folder.signing_key.read_bytes()]
    for file in (folder.links_secret, folder.signing_key):
        file.rename(folder.keys / "private" / file.name)
        file.parent.rmdir()
    assert len(prepare(settings)) == 2
    assert [folder.links_secret.read_bytes(), folder.signing_key.read_bytes()] == before
    assert [file.suffix for file in (folder.keys / "private").iterdir()] == [".key"]
    assert prepare(settings) == []


@pytest.mark.promise("P13")
def test_units_of_before_there_were_tags_are_adopted_once(settings: Settings) -> None:
    """A data folder of an earlier version: what is open goes on. A tag that is taken away later stays away,
    however often `init` runs, so that nothing is sealed to what stands beside it."""
    made = assemble(settings)
    with made.core.db.begin() as db:
        exam = exams.create(
            db, made.core, ADMIN, "Module 2", regulation=REGULATION, profile=CaptureProfile((Stream.WEBCAM,))
        )
        session = sessions.create(db, made.core, ADMIN, exam.id, "C-1")
        sessions.admit(db, made.core, session.id)
        db.execute(update(UnitRow).values(key_tag=None))
    shutil.rmtree(DataFolder(settings.data).units_secret.parent)
    assert prepare(settings) == ["secret for tags of unit keys", "tags for the keys of 1 open evidence units"]
    core = assemble(settings).core
    with core.db.begin() as db:
        unit = db.scalars(select(UnitRow)).one()
        core.sealer.tags.check(unit.public())
        unit.key_tag = None
    assert prepare(settings) == []
    with core.db.read() as db, pytest.raises(NotAuthentic):
        core.sealer.tags.check(db.scalars(select(UnitRow)).one().public())
