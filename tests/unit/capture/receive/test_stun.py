"""STUN as RFC 5769 samples it and a library reads it."""

import pytest
from aioice import stun as other

from capture.receive import stun
from tests.unit.capture.receive.port_stage import HOME, RFC_5769_PASSWORD, RFC_5769_REQUEST

pytestmark = pytest.mark.packet


def test_the_sample_request_is_authentic() -> None:
    """RFC 5769 section 2.1: read, and authentic with its password only."""
    transaction = stun.transaction(RFC_5769_REQUEST)
    assert transaction is not None
    kind, identifier = transaction
    assert (kind, identifier.hex()) == (stun.REQUEST, "b7e7a701bc34d686fa87dfae")
    request = stun.parse_request(RFC_5769_REQUEST)
    assert request is not None
    assert request.ufrag == b"evtj"
    assert request.is_authentic(RFC_5769_PASSWORD)
    assert not request.is_authentic(RFC_5769_PASSWORD[:-1])
    for position in range(len(RFC_5769_REQUEST) - 8):
        altered = bytearray(RFC_5769_REQUEST)
        altered[position] ^= 1
        if stun.transaction(bytes(altered)) and (request := stun.parse_request(bytes(altered))):
            assert not request.is_authentic(RFC_5769_PASSWORD)


@pytest.mark.parametrize("source", [HOME, ("2001:db8:1234:5678:11:2233:4455:6677", 32853)])
def test_the_answer_to_a_check_is_what_a_library_reads(source: tuple[str, int]) -> None:
    """Of the same transaction, with the address it came from, whole and authentic."""
    request = stun.parse_request(RFC_5769_REQUEST)
    assert request is not None
    answer = other.parse_message(request.success(source, RFC_5769_PASSWORD))
    assert answer.check_message_integrity(RFC_5769_PASSWORD)
    assert not answer.check_message_integrity(RFC_5769_PASSWORD[1:])
    assert answer.transaction_id == RFC_5769_REQUEST[8:20]
    assert answer.message_class is other.Class.RESPONSE
    assert answer.attributes["XOR-MAPPED-ADDRESS"] == source
    assert list(answer.attributes) == ["XOR-MAPPED-ADDRESS", "MESSAGE-INTEGRITY", "FINGERPRINT"]


@pytest.mark.parametrize("length", range(len(RFC_5769_REQUEST)))
def test_a_request_cut_short_is_none(length: int) -> None:
    """Cut anywhere, with its length put right, it is no request or not authentic; nothing raises."""
    cut = RFC_5769_REQUEST[:length]
    assert stun.transaction(cut) is None
    if length >= stun.HEADER_BYTES:
        cut = cut[:2] + (length - stun.HEADER_BYTES).to_bytes(2, "big") + cut[4:]
        request = stun.parse_request(cut)
        assert request is None or request.integrity_at < length
