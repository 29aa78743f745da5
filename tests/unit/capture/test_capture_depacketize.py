"""Reassembly under reordering, duplication and loss: whole frames, in order, each once."""

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capture import h264
from capture.depacketize import AUDIO_WAIT_PACKETS, RENACK_MS, VIDEO_WAIT_MS, Depacketizer, Packet
from capture.frames import Codec, EncodedFrame, Unroller

FRAME_TICKS = 6000
KEY_EVERY = 5
FIRST_SEQUENCE = 65_530  # so that the counters wrap within each test
FIRST_TIMESTAMP = 2**32 - 3 * FRAME_TICKS


def vp8_frame(number: int, size: int) -> bytes:
    head = b"\x10\x02\x00\x9d\x01\x2a\x80\x02\xe0\x01" if number % KEY_EVERY == 0 else b"\x11\x02\x00"
    return head + bytes((number % 256,)) * size


def vp8_packets(count: int, per_frame: int, start: int = FIRST_SEQUENCE) -> tuple[list[Packet], list[bytes]]:
    """Each frame in `per_frame` packets; arrival a millisecond apart."""
    packets: list[Packet] = []
    frames = []
    for number in range(count):
        frame = vp8_frame(number, 40)
        frames.append(frame)
        step = -(-len(frame) // per_frame)
        parts = [frame[i : i + step] for i in range(0, len(frame), step)]
        for index, part in enumerate(parts):
            descriptor = b"\x10" if index == 0 else b"\x00"
            packets.append(
                Packet(
                    (start + len(packets)) & 0xFFFF,
                    (FIRST_TIMESTAMP + number * FRAME_TICKS) & 0xFFFFFFFF,
                    index == len(parts) - 1,
                    descriptor + part,
                    1000 + len(packets),
                )
            )
    return packets, frames


def run(packets: list[Packet], codec: Codec = Codec.VP8) -> list[EncodedFrame]:
    frames: list[EncodedFrame] = []
    depacketizer = Depacketizer(codec, frames.append)
    for packet in packets:
        depacketizer.push(packet)
    depacketizer.flush()
    return frames


@given(st.integers(1, 4), st.randoms(use_true_random=False), st.integers(0, 6))
def test_reordered_and_repeated_packets_change_nothing(per_frame, chance: random.Random, distance) -> None:
    """Within the patience of the buffer, order and repetition of packets do not show in the frames."""
    packets, frames = vp8_packets(20, per_frame)
    first, rest = packets[0], packets[1:]
    places = {id(packet): index + chance.uniform(0, distance) for index, packet in enumerate(rest)}
    arrived = [first, *sorted(rest, key=lambda packet: places[id(packet)])]
    arrived += chance.sample(packets, 5)
    result = run(arrived)
    assert [frame.data for frame in result] == frames
    assert [b.ticks - a.ticks for a, b in pairwise(result)] == [FRAME_TICKS] * 19
    assert [frame.keyframe for frame in result] == [n % KEY_EVERY == 0 for n in range(20)]


@settings(max_examples=60)
@given(st.integers(1, 4), st.sets(st.integers(0, 79), max_size=12))
def test_after_a_loss_nothing_comes_before_the_next_keyframe(per_frame, lost) -> None:
    """Every frame is whole; a frame that is no keyframe follows its predecessor directly."""
    packets, frames = vp8_packets(20, per_frame)
    result = run([packet for index, packet in enumerate(packets) if index not in lost])
    known = {frame: number for number, frame in enumerate(frames)}
    numbers = [known[frame.data] for frame in result]
    assert numbers == sorted(set(numbers))
    for earlier, later, frame in zip(numbers, numbers[1:], result[1:], strict=False):
        if later != earlier + 1:
            assert frame.keyframe
            assert frame.after_loss
    if result:
        assert result[0].keyframe


def test_a_frame_is_out_with_its_last_packet() -> None:
    """No frame waits for the next one to begin: on a still screen that would be a second."""
    packets, frames = vp8_packets(1, 3)
    out: list[EncodedFrame] = []
    depacketizer = Depacketizer(Codec.VP8, out.append)
    for packet in packets:
        depacketizer.push(packet)
    assert [frame.data for frame in out] == frames
    assert out[0].arrival_ms == packets[0].arrival_ms


def test_a_missing_packet_is_asked_for_again_and_waited_for() -> None:
    """While it may still come, a lost packet is asked for at intervals; its frame is kept when it comes."""
    packets, frames = vp8_packets(3, 2)
    out: list[EncodedFrame] = []
    depacketizer = Depacketizer(Codec.VP8, out.append)
    for packet in [*packets[:2], *packets[3:]]:
        depacketizer.push(packet)
    assert len(out) == 1
    now = packets[-1].arrival_ms
    assert depacketizer.to_ask_again(now) == []
    assert depacketizer.to_ask_again(now + RENACK_MS) == [packets[2].sequence]
    assert depacketizer.to_ask_again(now + RENACK_MS) == []
    depacketizer.push(packets[2])
    assert [frame.data for frame in out] == frames
    assert not depacketizer.wants_keyframe


def test_a_missing_packet_is_given_up_in_the_end() -> None:
    """After VIDEO_WAIT_MS the stream goes on with the next keyframe."""
    packets, frames = vp8_packets(KEY_EVERY + 1, 1)
    late = [
        Packet(p.sequence, p.timestamp, p.marker, p.payload, p.arrival_ms + VIDEO_WAIT_MS + 10)
        for p in packets
    ]
    out: list[EncodedFrame] = []
    depacketizer = Depacketizer(Codec.VP8, out.append)
    for packet in [packets[0], packets[2], *late[3:]]:
        depacketizer.push(packet)
    assert [frame.data for frame in out] == [frames[0], frames[KEY_EVERY]]


def test_a_sender_that_begins_anew_is_followed() -> None:
    """A leap in sequence numbers is a new beginning, not ten thousand lost packets."""
    packets, frames = vp8_packets(KEY_EVERY, 1)
    again, _ = vp8_packets(KEY_EVERY, 1, start=20_000)
    out: list[EncodedFrame] = []
    depacketizer = Depacketizer(Codec.VP8, out.append)
    for packet in [*packets, *again]:
        depacketizer.push(packet)
    assert [frame.data for frame in out] == [*frames, *frames]


def test_audio_goes_on_without_its_lost_packets() -> None:
    """A hole in audio is waited for by a few packets only."""
    packets = [Packet(n, n * 960, False, bytes((0xF8, n)), n * 20) for n in range(40)]
    frames: list[EncodedFrame] = []
    depacketizer = Depacketizer(Codec.OPUS, frames.append)
    for packet in packets:
        if packet.sequence != 10:
            depacketizer.push(packet)
        if packet.sequence == 10 + AUDIO_WAIT_PACKETS + 1:
            assert frames[-1].data[1] == packet.sequence
    assert [frame.data[1] for frame in frames] == [n for n in range(40) if n != 10]


def h264_packets(nal_lists: list[list[bytes]], mtu: int) -> list[Packet]:
    """RFC 6184: small parameter sets in one STAP-A, other NAL units alone or in fragments."""
    packets: list[Packet] = []

    def add(payload: bytes, number: int, marker: bool) -> None:
        packets.append(Packet(len(packets), number * FRAME_TICKS, marker, payload, len(packets)))

    for number, nals in enumerate(nal_lists):
        sets = [nal for nal in nals if h264.nal_type(nal) in (h264.SPS, h264.PPS)]
        if sets:
            add(b"\x78" + b"".join(len(n).to_bytes(2, "big") + n for n in sets), number, False)
        pictures = [nal for nal in nals if nal not in sets]
        for nal in pictures:
            final = nal is pictures[-1]
            if len(nal) <= mtu:
                add(nal, number, final)
                continue
            parts = [nal[1:][i : i + mtu] for i in range(0, len(nal) - 1, mtu)]
            for index, part in enumerate(parts):
                flags = (0x80 if index == 0 else 0) | (0x40 if index == len(parts) - 1 else 0)
                head = bytes((nal[0] & 0xE0 | h264.FU_A, flags | nal[0] & 0x1F))
                add(head + part, number, final and index == len(parts) - 1)
    return packets


@given(st.integers(2, 50))
def test_h264_in_every_packetization_comes_out_the_same(mtu) -> None:
    """Single NAL units, STAP-A and FU-A are undone exactly."""
    nal_lists = [
        [b"\x67sps", b"\x68pps", b"\x65" + bytes(range(1, 90))],
        [b"\x41" + b"p" * 60],
        [b"\x41" + b"q" * 3, b"\x41" + b"r" * 70],
    ]
    frames = run(h264_packets(nal_lists, mtu), Codec.H264)
    assert [list(h264.split(frame.data)) for frame in frames] == nal_lists
    assert [frame.keyframe for frame in frames] == [True, False, False]


def test_parameter_sets_sent_alone_join_the_next_picture() -> None:
    """A picture-less access unit makes no empty frame."""
    frames = run(h264_packets([[b"\x67sps", b"\x68pps"], [b"\x65idr"]], 100), Codec.H264)
    assert [list(h264.split(frame.data)) for frame in frames] == [[b"\x67sps", b"\x68pps", b"\x65idr"]]


@given(st.lists(st.tuples(st.integers(0, 65535), st.booleans(), st.binary(max_size=30)), max_size=60))
@pytest.mark.parametrize("codec", list(Codec))
def test_noise_in_packets_harms_nobody(codec, noise) -> None:
    """Any payload, in any order: no exception, and what comes out is a keyframe first."""
    packets = [
        Packet(sequence, sequence * 7, marker, data, n) for n, (sequence, marker, data) in enumerate(noise)
    ]
    frames = run(packets, codec)
    assert not frames or frames[0].keyframe


@given(st.lists(st.integers(-100, 100), max_size=50))
def test_counters_unroll_exactly(steps) -> None:
    """A wrapping counter, forwards and back, becomes the plain sum of its steps."""
    unroll = Unroller(16)
    value = 65_500
    first = unroll(value)
    for step in steps:
        value += step
        assert unroll(value & 0xFFFF) == first + value - 65_500
