"""Reassembly under reordering, duplication and loss: whole frames, in order, each once."""

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capture.media import h264
from capture.media.frames import Codec, EncodedFrame
from capture.receive import track as medium
from capture.receive.assemble import AudioAssembler, VideoAssembler
from capture.receive.reorder import (
    ASKED_MAX,
    AUDIO_WAIT_MS,
    AUDIO_WAIT_PACKETS,
    REASK_MS,
    VIDEO_WAIT_MS,
    Reorderer,
)
from capture.receive.rtp import Packet
from tests.support.examples import examples

pytestmark = pytest.mark.packet

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


class Track:
    """A reorderer over an assembler, as a reception joins them; keeps frames and requests."""

    def __init__(self, codec: Codec = Codec.VP8) -> None:
        self.frames: list[EncodedFrame] = []
        self.asked: list[list[int]] = []
        self.told = 0
        if codec.is_video:
            self.assembler: VideoAssembler | AudioAssembler = VideoAssembler(codec, self.frames.append)
            self.order = Reorderer(self.assembler, self._missing, self.asked.append)
        else:
            self.assembler = AudioAssembler(self.frames.append)
            self.order = Reorderer(self.assembler, self._missing)

    def push(self, *packets: Packet) -> "Track":
        for packet in packets:
            self.order.push(*packet)
        return self

    def _missing(self) -> None:
        self.told += 1

    @property
    def data(self) -> list[bytes]:
        return [frame.data for frame in self.frames]


def run(packets: list[Packet], codec: Codec = Codec.VP8) -> list[EncodedFrame]:
    track = Track(codec).push(*packets)
    track.order.flush()
    return track.frames


@given(st.integers(1, 4), st.randoms(use_true_random=False), st.integers(0, 6))
def test_reordered_and_repeated_packets_change_nothing(
    per_frame: int, chance: random.Random, distance: int
) -> None:
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


@settings(max_examples=examples(60))
@given(st.integers(1, 4), st.sets(st.integers(0, 79), max_size=12))
def test_after_a_loss_nothing_comes_before_the_next_keyframe(per_frame: int, lost: set[int]) -> None:
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
    track = Track().push(*packets)
    assert track.data == frames
    assert track.frames[0].arrival_ms == packets[0].arrival_ms


def test_a_missing_packet_is_asked_for_at_once_and_again_and_waited_for() -> None:
    """While it may still come, a lost packet is asked for at intervals; its frame is kept when it comes."""
    packets, frames = vp8_packets(3, 2)
    track = Track().push(*packets[:2], *packets[3:])
    assert len(track.frames) == 1
    missing = [packets[2].sequence]
    assert track.asked == [missing]
    now_ms = packets[3].arrival_ms
    track.order.tick(now_ms + REASK_MS - 1)
    assert track.asked == [missing]
    track.order.tick(now_ms + REASK_MS)
    track.order.tick(now_ms + REASK_MS)
    assert track.asked == [missing, missing]
    track.push(packets[2])
    assert track.data == frames
    assert isinstance(track.assembler, VideoAssembler)
    assert not track.assembler.wants_keyframe
    track.order.tick(now_ms + 2 * REASK_MS)
    assert track.asked == [missing, missing]


@pytest.mark.parametrize("codec", [Codec.VP8, Codec.OPUS])
def test_who_ticks_is_told_when_packets_are_missing_and_when_no_longer(codec: Codec) -> None:
    """Once when there is a first hole, again after all had been filled; a tick says whether any is left."""
    packets = [Packet(n, n * 960, True, bytes((0x10, n, 1, 2)), n * 20) for n in range(20)]
    track = Track(codec).push(*packets[:4])
    assert (track.told, track.order.tick(80)) == (0, False)
    track.push(packets[5], packets[7])
    assert (track.told, track.order.tick(141)) == (1, True)
    track.push(packets[4])
    assert track.order.tick(142)
    track.push(packets[6])
    assert (track.told, track.order.tick(143)) == (1, False)
    track.push(packets[9])
    assert track.told == 2
    assert not track.order.tick(180 + VIDEO_WAIT_MS + 1)


def test_each_hole_is_asked_for_at_once_and_requests_are_bounded() -> None:
    """A second hole does not wait for the first; however many are missing, a request names ASKED_MAX."""
    packets, _ = vp8_packets(300, 1)
    track = Track().push(packets[0], packets[2], packets[4], packets[299])
    assert track.asked[:2] == [[packets[1].sequence], [packets[3].sequence]]
    assert track.asked[2] == [packet.sequence for packet in packets[5 : 5 + ASKED_MAX]]
    track.order.tick(packets[299].arrival_ms + REASK_MS)
    assert len(track.asked[3]) == ASKED_MAX
    assert track.asked[3][:2] == [packets[1].sequence, packets[3].sequence]


@pytest.mark.parametrize("by_timer", [False, True])
def test_a_missing_packet_is_given_up_in_the_end(by_timer: bool) -> None:
    """After VIDEO_WAIT_MS the stream goes on with the next keyframe, also when nothing more comes."""
    packets, frames = vp8_packets(KEY_EVERY + 1, 1)
    track = Track().push(packets[0], *packets[2:])
    until_ms = packets[2].arrival_ms + VIDEO_WAIT_MS
    track.order.tick(until_ms)
    assert track.data == frames[:1]
    if by_timer:
        track.order.tick(until_ms + 1)
    else:
        more, _ = vp8_packets(KEY_EVERY + 2, 1)
        track.push(more[-1]._replace(arrival_ms=until_ms + 1))
    assert track.data[:2] == [frames[0], frames[KEY_EVERY]]
    assert track.frames[1].after_loss


@pytest.mark.parametrize("start", [20_000, FIRST_SEQUENCE - 20_000])
def test_a_sender_that_begins_anew_is_followed(start: int) -> None:
    """A leap in sequence numbers, shown twice, is a new beginning; a single stray packet is none."""
    packets, frames = vp8_packets(KEY_EVERY, 1)
    again, _ = vp8_packets(KEY_EVERY, 1, start=start)
    stray = packets[1]._replace(sequence=40_000)
    track = Track().push(packets[0], stray, *packets[1:], *again)
    assert track.data == [*frames, *frames]


def test_audio_goes_on_without_its_lost_packets() -> None:
    """A hole in audio is waited for by a few packets, or a moment, only; nothing is asked for."""
    packets = [Packet(n, n * 960, False, bytes((0xF8, n)), n * 20) for n in range(40)]
    track = Track(Codec.OPUS)
    for packet in packets:
        if packet.sequence != 10:
            track.push(packet)
        if packet.sequence == 10 + AUDIO_WAIT_PACKETS + 1:
            assert track.frames[-1].data[1] == packet.sequence
    assert [frame.data[1] for frame in track.frames] == [n for n in range(40) if n != 10]
    track.push(Packet(41, 41 * 960, False, b"\xf8\x29", 820))
    assert track.frames[-1].data[1] == 39
    track.order.tick(820 + AUDIO_WAIT_MS + 1)
    assert track.frames[-1].data[1] == 41


def test_every_packet_that_never_came_is_counted() -> None:
    """Once each, however late others are; also over an encoder that was started again, with another SSRC."""
    lost = {3, 4, 20}
    track = medium.Track(Codec.OPUS, medium.Events(*([lambda *_: None] * 4)), lambda ssrc, sequences: None)
    for ssrc in (1, 2):
        sequences = [n for n in range(40) if n not in lost]
        sequences[10:12] = sequences[11:9:-1]
        assert track.follows(ssrc, float(ssrc))
        for n in sequences:
            track.order.push(n, n * 960, False, b"\xf8\xff", n * 20)
        assert track.lost == 3 * ssrc
    track.close()
    assert track.lost == 6


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
def test_h264_in_every_packetization_comes_out_the_same(mtu: int) -> None:
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
def test_noise_in_packets_harms_nobody(codec: Codec, noise: list[tuple[int, bool, bytes]]) -> None:
    """Any payload, in any order: no exception, and what comes out is a keyframe first."""
    packets = [
        Packet(sequence, sequence * 7, marker, data, n) for n, (sequence, marker, data) in enumerate(noise)
    ]
    frames = run(packets, codec)
    assert not frames or frames[0].keyframe


@given(st.lists(st.integers(-100, 100), max_size=50))
def test_timestamps_unroll_exactly(steps: list[int]) -> None:
    """A wrapping timestamp, forwards and back, becomes the plain sum of its steps."""
    value = 2**32 - 300
    track = Track(Codec.OPUS)
    for number, step in enumerate([0, *steps]):
        value += step
        track.push(Packet(number, value & 0xFFFFFFFF, False, b"\xf8\x00", number))
    ticks = [frame.ticks for frame in track.frames]
    assert [b - a for a, b in pairwise(ticks)] == steps
