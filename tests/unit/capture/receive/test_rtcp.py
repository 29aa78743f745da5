"""RTP and RTCP on the wire: vectors written down from the RFCs, and aiortc's parser as the other half."""

import struct

import pytest
from aiortc import rtp as other
from hypothesis import given
from hypothesis import strategies as st

from capture.receive import rtcp, rtp
from capture.receive.bandwidth import BITS_PER_S_MAX, BITS_PER_S_MIN, Allowance
from capture.receive.rtcp import ReportBlock, SenderReport
from capture.receive.statistics import SourceStatistics

pytestmark = pytest.mark.packet

SSRC, MEDIA = 0x01020304, 0xA1B2C3D4


def test_a_header_with_everything() -> None:
    """RFC 3550 section 5.1: two CSRCs, an extension of one word (5.3.1), padding of three bytes."""
    data = bytes.fromhex("b2e0fffe00000bb8a1b2c3d4 11111111 22222222 bede0001 10aabb00") + b"payload\0\0\x03"
    assert rtp.HEADER.unpack_from(data) == (0xE0, 0xFFFE, 3000, MEDIA)
    assert rtp.payload_bounds(data, 0, len(data)) == (28, 35)
    assert data[28:35] == b"payload"


@pytest.mark.parametrize(
    "data",
    [
        "",
        "8060000100000001a1b2c3",  # eleven bytes
        "4060000100000001a1b2c3d4ff",  # version 1
        "8f60000100000001a1b2c3d4ff",  # fifteen CSRCs that are not there
        "9060000100000001a1b2c3d4bede",  # an extension cut short
        "9060000100000001a1b2c3d4bede0002ffffffff",  # an extension longer than the packet
        "a060000100000001a1b2c3d4ff00",  # padding of no bytes
        "a060000100000001a1b2c3d4ff09",  # padding longer than the packet
    ],
)
def test_a_malformed_header_has_no_payload(data: str) -> None:
    """Each is refused without an exception."""
    raw = bytes.fromhex(data)
    assert rtp.payload_bounds(raw, 0, len(raw)) == (-1, -1)


@given(st.binary(min_size=0, max_size=80))
def test_any_bytes_parse_or_do_not(data: bytes) -> None:
    """No exception; a payload never lies outside the packet."""
    begin, end = rtp.payload_bounds(data, 0, len(data))
    assert (begin, end) == (-1, -1) or 12 <= begin <= end <= len(data)
    list(rtcp.sender_reports(data))


def test_a_retransmission_names_its_packet() -> None:
    """RFC 4588 section 4: the original sequence number stands before the payload; padding names none."""
    assert rtp.original_sequence(b"\x12\x34x") == 0x1234
    assert rtp.original_sequence(b"\x12\x34") is None
    assert rtp.original_sequence(b"") is None


def test_a_receiver_report_to_the_byte() -> None:
    """RFC 3550 section 6.4.2, with a negative number of lost packets, as duplicates make it."""
    block = ReportBlock(MEDIA, 64, -1, 0x0001FFFE, 7, 0x11223344, 0x00010000)
    assert rtcp.receiver_report(SSRC, [block]) == bytes.fromhex(
        "81c90007 01020304 a1b2c3d4 40ffffff 0001fffe 00000007 11223344 00010000"
    )
    assert rtcp.receiver_report(SSRC) == bytes.fromhex("80c90001 01020304")


def test_feedback_to_the_byte() -> None:
    """RFC 4585 sections 6.2.1 and 6.3.1: a pair covers sixteen more packets, across the wrap too."""
    assert rtcp.picture_loss(SSRC, MEDIA) == bytes.fromhex("81ce0002 01020304 a1b2c3d4")
    asked = [0xFFFE, 0xFFFF, 0x0001, 0x000E, 0x000F]
    assert rtcp.nack(SSRC, MEDIA, asked) == bytes.fromhex("81cd0004 01020304 a1b2c3d4 fffe 8005 000f 0000")


def test_the_allowance_to_the_byte() -> None:
    """draft-alvestrand-rmcat-remb-03 section 2.2: six bits of exponent, eighteen of mantissa."""
    assert rtcp.estimated_maximum(SSRC, 1_500_000, [MEDIA]) == bytes.fromhex(
        "8fce0005 01020304 00000000 52454d42 010edc6c a1b2c3d4"
    )


@given(
    st.integers(0, 10_000_000),
    st.sets(st.integers(0, 65_535), min_size=1, max_size=64),
    st.integers(-(1 << 23), (1 << 23) - 1),
)
def test_another_implementation_reads_what_we_write(bits_per_s: int, missing: set[int], lost: int) -> None:
    """A compound packet comes apart into what went in."""
    block = ReportBlock(MEDIA, 3, lost, 9, 8, 7, 6)
    compound = (
        rtcp.receiver_report(SSRC, [block])
        + rtcp.source_description(SSRC, "abcd")
        + rtcp.estimated_maximum(SSRC, bits_per_s, [MEDIA])
        + rtcp.nack(SSRC, MEDIA, sorted(missing))
        + rtcp.picture_loss(SSRC, MEDIA)
    )
    report, names, allowance, asked, keyframe = other.RtcpPacket.parse(compound)
    assert isinstance(report, other.RtcpRrPacket)
    assert isinstance(names, other.RtcpSdesPacket)
    assert isinstance(allowance, other.RtcpPsfbPacket)
    assert isinstance(asked, other.RtcpRtpfbPacket)
    assert isinstance(keyframe, other.RtcpPsfbPacket)
    assert report.reports[0].packets_lost == lost
    assert names.chunks[0].items == [(1, b"abcd")]
    rate, sources = other.unpack_remb_fci(allowance.fci)
    assert bits_per_s * (1 - 2**-17) - 1 <= rate <= bits_per_s
    assert sources == [MEDIA]
    assert set(asked.lost) == missing
    assert (keyframe.fmt, keyframe.media_ssrc) == (other.RTCP_PSFB_PLI, MEDIA)


@pytest.mark.parametrize("name", ["", "a", "ab", "abc", "abcd"])
def test_a_name_ends_with_a_zero_and_fills_its_words(name: str) -> None:
    """RFC 3550 section 6.5: at least one zero ends the list of items."""
    packet = rtcp.source_description(SSRC, name)
    assert len(packet) % 4 == 0
    assert packet[-1] == 0
    assert struct.unpack_from(">H", packet, 2)[0] == len(packet) // 4 - 1


def test_sender_reports_are_found_in_a_compound_packet() -> None:
    """Behind and before other packets; what is cut short ends the search."""
    info = bytes.fromhex("80c80006 a1b2c3d4 83aa7e80 80000000 00000bb8 00000001 00000002")
    other_packet = bytes.fromhex("81ca0002 a1b2c3d4 01000000")
    expected = SenderReport(MEDIA, 0x83AA7E8080000000, 3000, 1, 2)
    assert list(rtcp.sender_reports(other_packet + info + info)) == [expected, expected]
    assert list(rtcp.sender_reports(info + info[:-1])) == [expected]
    assert rtcp.middle_32(expected.ntp) == 0x7E808000


def test_the_report_counts_loss_as_the_rfc_does() -> None:
    """RFC 3550 appendix A.3: of ten packets two are missing, across the wrap; then none of the next."""
    source = SourceStatistics(MEDIA, 90_000)
    for sequence in (65_530, 65_531, 65_533, 65_534, 65_535, 0, 2, 3):
        source.packet(sequence, 0, 1.0)
    block = source.block(2.0)
    assert (block.fraction_lost, block.cumulative_lost) == (256 * 2 // 10, 2)
    assert block.highest_sequence == 0x0001_0003
    assert (block.last_report, block.delay) == (0, 0)
    assert source.loss_share == pytest.approx(0.2)
    source.packet(4, 0, 3.0)
    source.sender_report(SenderReport(MEDIA, 0x0000_1122_3344_5566, 0, 0, 0), 3.5)
    block = source.block(5.0)
    assert (block.fraction_lost, block.cumulative_lost) == (0, 2)
    assert (block.last_report, block.delay) == (0x11223344, 3 << 15)


def test_jitter_is_the_mean_deviation_in_ticks() -> None:
    """RFC 3550 appendix A.8: packets that alternate between 0 and 10 ms late tend to 10 ms of jitter."""
    source = SourceStatistics(MEDIA, 90_000)
    for number in range(200):
        late_s = 0.010 if number % 2 else 0.0
        source.packet(number, number * 3000, number * 3000 / 90_000 + late_s)
    assert source.block(0).jitter == pytest.approx(900, abs=2)


def test_a_restart_begins_the_count_anew() -> None:
    """A leap in sequence numbers is not a loss of thousands."""
    source = SourceStatistics(MEDIA, 90_000)
    for sequence in (1, 2, 30_000, 30_001):
        source.packet(sequence, 0, 1.0)
    block = source.block(2.0)
    assert (block.fraction_lost, block.cumulative_lost, block.highest_sequence) == (0, 0, 30_001)


def test_the_allowance_sinks_with_loss_and_recovers_within_its_bounds() -> None:
    """Above ten percent it falls by half the loss, below two it grows, between it stays."""
    allowance = Allowance()
    assert allowance.after_interval(0.0) == BITS_PER_S_MAX
    assert allowance.after_interval(0.2) == BITS_PER_S_MAX * 9 // 10
    assert allowance.after_interval(0.05) == BITS_PER_S_MAX * 9 // 10
    assert allowance.after_interval(0.0) > BITS_PER_S_MAX * 9 // 10
    for _ in range(100):
        allowance.after_interval(0.5)
    assert allowance.bits_per_s == BITS_PER_S_MIN
