"""Reading, narrowing and refusing of offers."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.errors import OfferGarbled, OfferRefused
from capture.media.frames import Codec
from capture.publish.sdp import CANDIDATES_MAX, finish_answer, parse_fragment, parse_offer
from tests.unit.capture import offers


def test_h264_is_taken_before_vp8_and_its_profile_echoed() -> None:
    """One format goes on, H.264 where there is one; the answer names the profile that was offered."""
    offer = parse_offer(offers.offer(offers.video(), offers.audio()))
    assert offer.video is Codec.H264
    assert offer.audio
    assert "a=rtpmap:102 H264/90000" in offer.narrowed
    assert "VP8" not in offer.narrowed
    assert "m=video 9 UDP/TLS/RTP/SAVPF 102\r\n" in offer.narrowed
    answer = "a=fmtp:102 packetization-mode=1;profile-level-id=42e01f\r\n"
    assert "profile-level-id=64001f" in finish_answer(answer, offer)


def test_vp8_is_taken_with_its_retransmissions() -> None:
    """Without H.264, VP8 and its rtx format go on."""
    offer = parse_offer(offers.offer(offers.vp8_only()))
    assert offer.video is Codec.VP8
    assert not offer.audio
    assert "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\n" in offer.narrowed
    assert "a=fmtp:97 apt=96" in offer.narrowed


def test_h264_in_single_nal_mode_is_passed_over() -> None:
    """Packetization mode 0 is not what we read; another format is taken."""
    mode_0 = [line.replace("packetization-mode=1", "packetization-mode=0") for line in offers.video()]
    assert parse_offer(offers.offer(mode_0)).video is Codec.VP8


@pytest.mark.parametrize(
    ("offered", "read"), [("actpass", "active"), ("active", "active"), ("passive", "passive")]
)
def test_who_can_be_the_dtls_client_is(offered: str, read: str) -> None:
    """So that we choose the protection (RFC 9725 section 4.4.4); who can only be the server stays it. An
    offer may say so once for all its sections."""
    text = offers.offer(offers.video(), offers.audio()).replace("actpass", offered)
    assert parse_offer(text).narrowed.count(f"a=setup:{read}\r\n") == 2
    above = text.replace(f"a=setup:{offered}\r\n", "").replace("s=-", f"s=-\r\na=setup:{offered}")
    assert parse_offer(above).narrowed.count(f"a=setup:{read}\r\n") == 1


def test_candidates_are_checked_one_by_one() -> None:
    """Names, TCP, other components, multicast and nonsense are left out; none goes to the library unread."""
    lines = (
        "a=candidate:1 1 udp 2122260223 192.0.2.7 50000 typ host generation 0",
        "a=candidate:2 1 udp 2122260223 6d0aa1e0-8a39-4c92-b8c3-40ee64e4f1d8.local 50001 typ host",
        "a=candidate:3 1 tcp 1518280447 192.0.2.7 9 typ host tcptype active",
        "a=candidate:4 2 udp 2122260223 192.0.2.7 50002 typ host",
        "a=candidate:5 1 udp 1686052607 2001:db8::1 50003 typ srflx raddr 0.0.0.0 rport 0",
        "a=candidate:6 1 udp x 192.0.2.7 50004 typ host",
        "a=candidate:7 1 udp 1 239.0.0.1 50005 typ host",
        "a=candidate:8 1 udp 1 192.0.2.7 0 typ host",
        "a=candidate:",
        "a=end-of-candidates",
    )
    offer = parse_offer(offers.offer(offers.video(extra=lines)))
    assert [(c.address, c.port) for c in offer.candidates] == [("192.0.2.7", 50000), ("2001:db8::1", 50003)]
    assert "candidate" not in offer.narrowed


def test_candidates_are_bounded() -> None:
    """A thousand candidates are not a thousand addresses to probe."""
    lines = tuple(f"a=candidate:1 1 udp 1 192.0.2.7 {port} typ host" for port in range(1000, 2000))
    assert len(parse_offer(offers.offer(offers.video(extra=lines))).candidates) == CANDIDATES_MAX


GARBLED = {
    "empty": "",
    "prose": "hello",
    "json": '{"sdp": "v=0"}',
    "no credentials": offers.offer([line for line in offers.video() if "ice-ufrag" not in line]),
    "no fingerprint": offers.offer([line for line in offers.video() if "fingerprint" not in line]),
    "no setup": offers.offer([line for line in offers.video() if "setup" not in line]),
    "garbled section": offers.offer(["m=video x UDP/TLS/RTP/SAVPF 96"]),
    "short password": offers.offer([line.replace("abcdefghij", "") for line in offers.video()]),
}
REFUSED = {
    "no media": offers.offer(),
    "audio only": offers.offer(offers.audio()),
    "data channel only": offers.offer(offers.data_channel()),
    "data channel beside": offers.offer(offers.video(), offers.data_channel()),
    "two videos": offers.offer(offers.video(), offers.video()),
    "recvonly": offers.offer(offers.video("recvonly")),
    "inactive": offers.offer(offers.video("inactive")),
    "no rtcp-mux": offers.offer([line for line in offers.video() if "rtcp-mux" not in line]),
    "VP9 only": offers.offer(offers.section("video", "98", ["a=rtpmap:98 VP9/90000"], "0")),
    "PCMU audio": offers.offer(offers.video(), offers.section("audio", "0", ["a=rtpmap:0 PCMU/8000"], "1")),
}


@pytest.mark.parametrize("name", GARBLED)
def test_what_is_no_offer_is_garbled(name: str) -> None:
    with pytest.raises(OfferGarbled) as caught:
        parse_offer(GARBLED[name])
    assert caught.value.remedy


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_recorded_is_refused_with_what_to_offer(name: str) -> None:
    with pytest.raises(OfferRefused) as caught:
        parse_offer(REFUSED[name])
    assert "H264" in caught.value.remedy


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text makes the reader fail in any other way."""
    for noisy in (text, "v=0\r\n" + text, offers.offer(offers.video(), ["a=" + text])):
        with contextlib.suppress(OfferGarbled, OfferRefused):
            parse_offer(noisy)


def test_a_fragment_tells_candidates_and_credentials() -> None:
    """RFC 8840 section 9."""
    fragment = parse_fragment(
        "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n"
        "a=candidate:1 1 udp 1 192.0.2.7 5000 typ host\r\na=end-of-candidates\r\n"
    )
    assert fragment.ufrag == "abcd"
    assert [c.port for c in fragment.candidates] == [5000]
    with pytest.raises(OfferGarbled):
        parse_fragment("nothing of the kind")
