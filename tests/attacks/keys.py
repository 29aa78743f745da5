"""Keys: a public half that somebody wrote into the database, and figures that are not for everybody."""

import cv2
import httpx2
import numpy as np
from sqlalchemy import func, select

from proctoring.cli.output import operator
from proctoring.compose.parts import Parts, parts
from proctoring.exams import service as exams
from proctoring.exams.model import CaptureProfile, Exam, Stream
from proctoring.recordings.rows import TakeRow
from proctoring.sessions import service as sessions
from proctoring.sessions.model import Session
from proctoring.units.rows import UnitRow
from proctoring.web.watcher import FORWARDED
from storage.keys.folder import generate_pair
from tests.attacks.frame import Attack, Ground, Outcome
from tests.support.world import REGULATION
from tests.unit.capture import offers

TITLE = "Keys and figures"
SESSIONS = 10
_PICTURE = cv2.imencode(".jpg", np.zeros((200, 320, 3), np.uint8))[1].tobytes()


def _admitted(made: Parts, exam: Exam) -> Session:
    with made.core.db.begin() as db:
        session = sessions.create(db, made.core, operator(), exam.id, "C-1")
        return sessions.admit(db, made.core, session.id)


def _replace_keys(made: Parts, session: Session, tagged: bool) -> None:
    """As who may write any row does: the attacker's own half in every unit, the tag left or taken away."""
    with made.core.db.begin() as db:
        for unit in db.scalars(select(UnitRow).where(UnitRow.session_id == session.id)):
            unit.public_key = generate_pair()[1]
            unit.key_tag = unit.key_tag if tagged else None


def _recorded_to_another_key(ground: Ground) -> Outcome:
    service = ground.service()
    made, through, tried = parts(service.data), 0, 0
    profile = CaptureProfile((Stream.WEBCAM,), identity_copy=True)
    try:
        with made.core.db.begin() as db:
            exam = exams.create(db, made.core, operator(), "Module 2", regulation=REGULATION, profile=profile)
        for at in range(SESSIONS):
            session = _admitted(made, exam)
            _replace_keys(made, session, tagged=at % 2 == 0)
            with httpx2.Client(base_url=service.url, timeout=30) as client:
                token = made.core.links.ingest(session, Stream.WEBCAM)
                headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/sdp"}
                offer = offers.offer(offers.video(), offers.audio())
                through += client.post("/whip", headers=headers, content=offer).is_success
                card = f"/c/{made.core.links.invitation(session)}/identity"
                client.post(card, headers={"Content-Type": "image/jpeg"}, content=_PICTURE)
            tried += 2
            with made.core.db.read() as db:
                begun = select(func.count()).select_from(TakeRow).where(TakeRow.session_id == session.id)
                through += db.scalar(begun) or 0
    finally:
        made.core.db.close()
    return Outcome(tried, through)


def _figures_through_a_proxy(ground: Ground) -> Outcome:
    service = ground.service()
    values = ("127.0.0.1", "for=127.0.0.1", "localhost", "::1", "1.1 caddy")
    answers = [
        httpx2.get(f"{service.url}/metrics", headers={name: value}).status_code
        for name in FORWARDED
        for value in values
    ]
    return Outcome(len(answers), answers.count(200))


ATTACKS = [
    Attack("a unit's public key replaced before something is recorded to it", _recorded_to_another_key),
    Attack("figures, asked for through a proxy", _figures_through_a_proxy),
]
