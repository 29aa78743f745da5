"""Signed links and tokens."""

import hashlib

import pytest
from itsdangerous import URLSafeSerializer

from proctoring.errors import Conflict, TokenRefused
from proctoring.exams.model import Stream
from proctoring.link_secrets import SECRETS_MAX, key_id, rotated, split
from proctoring.links import Links
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
    changed = token[:-9] + ("A" if token[-9] != "A" else "B") + token[-8:]
    for wrong in (foreign, changed, "", "é", "a.b.c", token * 100):
        with pytest.raises(TokenRefused):
            world.core.links.read_ingest(wrong)


@pytest.mark.promise("P13")
def test_a_new_secret_ends_no_link_and_a_revoked_one_ends_all(world: World) -> None:
    """After a rotation new links are signed with the new secret, and each old one opens what it did until its
    end; after a leak what the old secrets signed opens nothing."""
    session, old = world.session(), b"0" * 32
    before = Links(old, world.clock)
    content = rotated(rotated(old, revoke=False), revoke=False)
    after = Links(content, world.clock)
    assert split(content)[-1] == old
    assert after.invitation(session).startswith(key_id(content[:32]) + ".")
    for token in (before.ingest(session, Stream.SCREEN), after.ingest(session, Stream.SCREEN)):
        assert after.read_ingest(token) == (session.id, Stream.SCREEN)
    with pytest.raises(TokenRefused):
        before.read_ingest(after.ingest(session, Stream.SCREEN))
    kept = before.ingest(session, Stream.SCREEN)
    world.clock.now = session.closes_at
    with pytest.raises(TokenRefused, match="expired"):
        after.read_ingest(kept)
    revoked = Links(rotated(content, revoke=True), world.clock)
    for links in (before, after):
        with pytest.raises(TokenRefused):
            revoked.read_invitation(links.invitation(session))


def test_a_token_of_before_there_were_key_ids_still_opens(world: World) -> None:
    """Written down as an earlier version made it: without an id, by the secret that is the oldest now."""
    token = URLSafeSerializer(
        b"0" * 32, salt="proctoring.invitation", signer_kwargs={"digest_method": hashlib.sha256}
    ).dumps(["s" * 16, 0, ""])
    assert Links(rotated(b"0" * 32, revoke=False), world.clock).read_invitation(str(token)) == "s" * 16
    with pytest.raises(TokenRefused):
        Links(rotated(b"1" * 32, revoke=False), world.clock).read_invitation(str(token))


def test_an_id_chooses_a_secret_and_proves_nothing(world: World) -> None:
    """The id of one secret before what another one signed: refused."""
    content = rotated(b"0" * 32, revoke=False)
    links, session = Links(content, world.clock), world.session()
    _, _, signed = links.invitation(session).partition(".")
    with pytest.raises(TokenRefused):
        links.read_invitation(f"{key_id(b'0' * 32)}.{signed}")


def test_secrets_for_links_are_bounded() -> None:
    """The seventeenth is refused, with what to do; revoking begins anew."""
    content = b"".join(bytes([at]) * 32 for at in range(SECRETS_MAX))
    with pytest.raises(Conflict, match="16 secrets") as refusal:
        rotated(content, revoke=False)
    assert "--revoke" in refusal.value.remedy
    assert len(split(rotated(content, revoke=True))) == 1
