"""Signed links and tokens: none is stored, and none can be made without the service's key.

Each names its purpose, so that an invitation is no ingest token and a webcam's token no phone's. Each also
names the secret that signed it, so that a new secret ends none of them (`link_secrets`).
"""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Protocol

from itsdangerous import BadSignature, URLSafeSerializer

from proctoring.clock import Clock
from proctoring.errors import TokenRefused, Unavailable
from proctoring.link_secrets import chosen, key_id, split

TOKEN_CHARS_MAX = 512
PHONE_PURPOSE = "phone"
INVITATION_PURPOSE = "invitation"
INGEST_PURPOSE = "ingest"
EVENTS_PURPOSE = "events"
ANSWERS_PURPOSE = "answers"
REHEARSAL_PURPOSE = "rehearsal"

_NEW_INVITATION = "Ask the exam body for a new invitation."


class Expiring(Protocol):
    """A session, as far as a link needs it: tokens expire as its window closes."""

    @property
    def id(self) -> str: ...

    @property
    def closes_at(self) -> datetime: ...


class Links:
    """Makes and reads the service's signed tokens (HMAC-SHA-256 by itsdangerous).

    `secrets` is the file's content; None in a process that was not given it, since it makes and reads none:
    each call then raises Unavailable.
    """

    def __init__(self, secrets: bytes | None, clock: Clock) -> None:
        self._known = secrets and split(secrets)
        self._clock = clock

    def invitation(self, session: Expiring) -> str:
        """The candidate's link token. It never expires by itself, since it also opens the page about the
        stored recording. The session's state decides what may be done with it."""
        return self._write(INVITATION_PURPOSE, session.id)

    def phone(self, session: Expiring) -> str:
        """The token in the QR code, good until the session's window closes."""
        return self._write(PHONE_PURPOSE, session.id, session.closes_at)

    def ingest(self, session: Expiring, stream: str) -> str:
        """The bearer token that publishes one stream of one session until its window closes."""
        return self._write(INGEST_PURPOSE, session.id, session.closes_at, stream)

    def events(self, session: Expiring) -> str:
        """The bearer token with which companion software reports events until the session's window closes."""
        return self._write(EVENTS_PURPOSE, session.id, session.closes_at)

    def answers(self, session: Expiring) -> str:
        """The bearer token with which the exam platform reports answers until the session's window closes. It
        goes to no page: whoever sits the exam could answer for the platform with it."""
        return self._write(ANSWERS_PURPOSE, session.id, session.closes_at)

    def rehearsal(self, session: Expiring, stream: str) -> str:
        """The bearer token of a rehearsal, which keeps nothing. It publishes nothing that counts."""
        return self._write(REHEARSAL_PURPOSE, session.id, session.closes_at, stream)

    def read_invitation(self, token: str) -> str:
        """The session id. Raises TokenRefused."""
        return self._read(INVITATION_PURPOSE, token)[0]

    def read_phone(self, token: str) -> str:
        """The session id. Raises TokenRefused, also when expired."""
        return self._read(PHONE_PURPOSE, token)[0]

    def read_ingest(self, token: str, grace: timedelta = timedelta(0)) -> tuple[str, str]:
        """Session id, and the name of the one stream it may publish. Raises TokenRefused, also when it
        expired longer than `grace` ago."""
        return self._read(INGEST_PURPOSE, token, grace)

    def read_events(self, token: str) -> str:
        """The session id of an events token or any ingest token. Raises TokenRefused, also when expired."""
        try:
            return self._read(EVENTS_PURPOSE, token)[0]
        except TokenRefused:
            return self._read(INGEST_PURPOSE, token)[0]

    def read_answers(self, token: str) -> str:
        """The session id of an answers token. Raises TokenRefused, also when expired."""
        return self._read(ANSWERS_PURPOSE, token)[0]

    def read_rehearsal(self, token: str) -> tuple[str, str]:
        """Session id and name of the stream. Raises TokenRefused, also when expired."""
        return self._read(REHEARSAL_PURPOSE, token)

    def _write(self, purpose: str, session_id: str, expires: datetime | None = None, stream: str = "") -> str:
        expires_s = int(expires.timestamp()) if expires else 0
        newest = self._secrets()[0]
        token = _serializer(newest, purpose).dumps([session_id, expires_s, stream])
        return f"{key_id(newest)}.{token if isinstance(token, str) else token.decode()}"

    def _read(self, purpose: str, token: str, grace: timedelta = timedelta(0)) -> tuple[str, str]:
        if len(token) > TOKEN_CHARS_MAX:
            raise TokenRefused("This link is not ours.", _NEW_INVITATION, "link-not-ours")
        try:
            secret, signed = chosen(self._secrets(), token)
            session_id, expires_s, stream = _serializer(secret, purpose).loads(signed)
        except (BadSignature, ValueError):
            raise TokenRefused(
                "This link is damaged or was not made here.", _NEW_INVITATION, "link-damaged"
            ) from None
        if expires_s and self._clock() >= datetime.fromtimestamp(expires_s, UTC) + grace:
            raise TokenRefused("This link has expired.", _NEW_INVITATION, "link-expired")
        return session_id, stream

    def _secrets(self) -> tuple[bytes, ...]:
        if not self._known:
            raise Unavailable("This process was not given the secret for links.", "Ask the capture process.")
        return self._known


def _serializer(secret: bytes, purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt=f"proctoring.{purpose}", signer_kwargs={"digest_method": _sha256})


def _sha256(data: bytes = b"") -> "hashlib._Hash":
    return hashlib.sha256(data)
