"""Certificates that a publisher may have: the handshake alone, over no network."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from aiortc import RTCPeerConnection
from aiortc.rtcdtlstransport import SRTP_PROFILES, generate_certificate
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from OpenSSL import SSL

from capture.receive import aiortc_hooks

CERTIFICATES = "_RTCPeerConnection__certificates"  # private to the library
KEYS: dict[str, tuple[Callable[[], Any], bool]] = {
    "RSA 2048": (lambda: rsa.generate_private_key(65537, 2048), True),
    "RSA 1024": (lambda: rsa.generate_private_key(65537, 1024), False),
    "P-256": (lambda: ec.generate_private_key(ec.SECP256R1()), True),
    "P-224": (lambda: ec.generate_private_key(ec.SECP224R1()), False),
}


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("calls", [True, False], ids=["we call", "they call"])
def test_weak_certificates_are_refused(kind: str, calls: bool) -> None:
    """Whoever begins the handshake. FFmpeg 8.1 over GnuTLS makes itself one of P-224, given none."""
    make, good = KEYS[kind]
    us, they = SSL.Connection(asyncio.run(_ours())), SSL.Connection(_theirs(make()))
    (us if calls else they).set_connect_state()
    (they if calls else us).set_accept_state()
    assert _shake_hands(us, they) is good


async def _ours() -> SSL.Context:
    connection = RTCPeerConnection()
    aiortc_hooks.allow_rsa(connection)
    (certificate,) = getattr(connection, CERTIFICATES)
    context: SSL.Context = certificate._create_ssl_context(SRTP_PROFILES)
    return context


def _theirs(key: Any) -> SSL.Context:
    context = SSL.Context(SSL.DTLS_METHOD)
    context.set_cipher_list(b"ALL:@SECLEVEL=0")
    context.use_certificate(generate_certificate(key))
    context.use_privatekey(key)
    return context


def _shake_hands(us: SSL.Connection, they: SSL.Connection) -> bool:
    """Whether we agreed, as soon as nothing is left to say."""
    for one, other in ((us, they), (they, us)) * 4:
        try:
            one.do_handshake()
        except SSL.WantReadError:
            pass
        except SSL.Error:
            return False
        while _carry(one, other):
            pass
    return us.get_finished() is not None


def _carry(one: SSL.Connection, other: SSL.Connection) -> bool:
    try:
        other.bio_write(one.bio_read(1500))
    except SSL.WantReadError:
        return False
    return True
