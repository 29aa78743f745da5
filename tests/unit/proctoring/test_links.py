"""Signed links and tokens."""

import pytest

from proctoring.errors import TokenRefused
from proctoring.exams.model import Stream
from proctoring.sessions.links import Links
from tests.support.world import World


def test_a_token_opens_its_own_session_and_stream_only(world: World) -> None:
    """What comes out is what was put in, and each purpose reads only its own tokens."""
    session, links = world.session(), world.core.links
    ingest = links.ingest(session, Stream.SCREEN)
    assert links.read_ingest(ingest) == (session.id, Stream.SCREEN)
    assert links.read_invitation(links.invitation(session)) == session.id
    assert links.read_phone(links.phone(session)) == session.id
    for read in (links.read_invitation, links.read_phone):
        with pytest.raises(TokenRefused):
            read(ingest)
    with pytest.raises(TokenRefused):
        links.read_ingest(links.invitation(session))


def test_tokens_expire_with_the_sessions_window_but_the_invitation_stays(world: World) -> None:
    """After the window no token publishes; the candidate's own page can still be opened."""
    session, links = world.session(), world.core.links
    ingest, invitation = links.ingest(session, Stream.WEBCAM), links.invitation(session)
    world.clock.now = session.closes_at
    with pytest.raises(TokenRefused, match="expired"):
        links.read_ingest(ingest)
    assert links.read_invitation(invitation) == session.id


def test_forged_damaged_and_foreign_tokens_are_refused(world: World) -> None:
    """One changed character, another service's key, garbage, or a token without end: TokenRefused."""
    session = world.session()
    token = world.core.links.ingest(session, Stream.WEBCAM)
    foreign = Links(b"x" * 32, world.clock).ingest(session, Stream.WEBCAM)
    changed = token[:-9] + ("A" if token[-9] != "A" else "B") + token[-8:]  # the last one has spare bits
    for wrong in (foreign, changed, "", "é", "a.b.c", token * 100):
        with pytest.raises(TokenRefused):
            world.core.links.read_ingest(wrong)
