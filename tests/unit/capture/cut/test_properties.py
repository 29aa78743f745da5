"""Whatever microphones, encoders and networks do: no instant twice, nothing lost, all in its time."""

from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from capture.cut.cutting import Cutting
from capture.cut.open_piece import REPEATED_MS_MAX
from capture.cut.segmenter import GAP_MS, SEGMENT_MS_MAX, Segmenter
from capture.media.frames import AUDIO_CLOCK, VIDEO_CLOCK, Codec, EncodedFrame
from capture.media.piece import Piece
from tests.support.examples import examples

pytestmark = pytest.mark.packet

EXAMPLES = examples(40)
START_MS = 1_800_000_000_000
NTP_EPOCH_S = 2_208_988_800
KEY = b"\x10\x02\x00\x9d\x01\x2a\x80\x02\xe0\x01"
DELTA = b"\x11\x02\x00"
SOUND = b"\xf8\xff\xfe"
WAY_MS = 20
ANCHOR_MS = 2_000  # how long a clock may take to be known
WRONG_MS_MAX = 300
APART_MS = 1_000
PUT_RIGHT_MS = 6_000  # after the last of several faults at once
UNTOLD_PUT_RIGHT_MS = 15_000  # where no sender report ever tells the network from a clock
WRONG_RATE_MS_MAX = 800  # of a clock that runs a fifth wrong, behind a network that held it back for seconds


@dataclass(frozen=True)
class Stall:
    """A device gives nothing for a while; its RTP time stands still, or goes on."""

    at_ms: int
    for_ms: int
    frozen: bool


@dataclass(frozen=True)
class Leap:
    """RTP time jumps, forth or back, between two frames."""

    at_ms: int
    by_ms: int


@dataclass(frozen=True)
class Track:
    """What happens to one track of the device."""

    stalls: tuple[Stall, ...] = ()
    leaps: tuple[Leap, ...] = ()
    rate_percent: int = 100


@dataclass(frozen=True)
class Network:
    """Stretches in which nothing gets through; all that waited then comes at once."""

    jitter_ms: int = 0
    holds: tuple[tuple[int, int], ...] = ()
    lost_sound: tuple[tuple[int, int], ...] = ()
    report_every_ms: int = 1_000

    def arrival_ms(self, sent_ms: int, number: int) -> int:
        for at_ms, for_ms in self.holds:
            if at_ms <= sent_ms < at_ms + for_ms:
                return at_ms + for_ms + WAY_MS
        return sent_ms + WAY_MS + (number * 7919 % (self.jitter_ms + 1))

    def loses_sound(self, sent_ms: int) -> bool:
        return any(at_ms <= sent_ms < at_ms + for_ms for at_ms, for_ms in self.lost_sound)


@dataclass
class Sent:
    """Frames and reports of a device, by when they arrive, and when each was filmed."""

    arrivals: list[tuple[int, int, EncodedFrame | tuple[Codec, int, int, int]]] = field(default_factory=list)
    filmed_ms: dict[bytes, int] = field(default_factory=dict)


def rtp_ms(track: Track, at_ms: int) -> float | None:
    """The track's RTP time in milliseconds at an instant; None while it gives nothing."""
    passed = 0.0
    for stall in track.stalls:
        if stall.at_ms <= at_ms < stall.at_ms + stall.for_ms:
            return None
        if stall.frozen and at_ms >= stall.at_ms:
            passed -= stall.for_ms
    for leap in track.leaps:
        if at_ms >= leap.at_ms:
            passed += leap.by_ms
    return 100_000 + (at_ms + passed) * track.rate_percent / 100


def film(track: Track, network: Network, seconds: int, step_ms: float, codec: Codec, sent: Sent) -> None:
    rate = VIDEO_CLOCK if codec.is_video else AUDIO_CLOCK
    lost, latest_ms = False, 0
    for number in range(int(seconds * 1000 / step_ms)):
        at_ms = int(number * step_ms)
        media_ms = rtp_ms(track, at_ms)
        if media_ms is None:
            continue
        if codec is Codec.OPUS and network.loses_sound(at_ms):
            lost = True
            continue
        key = codec.is_video and number % 15 == 0
        head = SOUND if codec is Codec.OPUS else KEY if key else DELTA
        data = head + codec.value.encode() + number.to_bytes(4, "big")
        # One after the other: what the network puts in another order is put right before.
        latest_ms = arrival_ms = max(latest_ms, START_MS + network.arrival_ms(at_ms, number))
        ticks = int(media_ms * rate / 1000)
        frame = EncodedFrame(
            codec, ticks, arrival_ms, data, keyframe=key or codec is Codec.OPUS, after_loss=lost
        )
        sent.arrivals.append((arrival_ms, len(sent.arrivals), frame))
        sent.filmed_ms[data] = at_ms
        lost = False
    if not network.report_every_ms:
        return
    for at_ms in range(700, seconds * 1000, network.report_every_ms):
        if (media_ms := rtp_ms(track, at_ms)) is not None:
            ntp = (START_MS + at_ms - 5_000_000 << 32) // 1000 + (NTP_EPOCH_S << 32)
            arrival_ms = START_MS + network.arrival_ms(at_ms, 0)
            report = (codec, ntp, int(media_ms * rate / 1000) & 0xFFFF_FFFF, arrival_ms)
            sent.arrivals.append((arrival_ms, len(sent.arrivals), report))


def cut(picture: Track, sound: Track, network: Network, seconds: int) -> tuple[list[Piece], Sent, int]:
    """The pieces, what was sent, and how many frames waited at most."""
    sent = Sent()
    film(picture, network, seconds, 1000 / 15, Codec.VP8, sent)
    film(sound, network, seconds, 20, Codec.OPUS, sent)
    pieces: list[Piece] = []
    broken: list[Exception] = []
    cutting = Cutting(
        Segmenter(),
        put=pieces.append,
        ask=lambda: None,
        opened=lambda media_type, at: None,
        unreadable=lambda: None,
        broken=broken.append,
    )
    waiting = most = 0
    for arrival_ms, _, what in sorted(sent.arrivals):
        before = len(pieces)
        if isinstance(what, EncodedFrame):
            cutting.frame(what)
            waiting += 1
        else:
            cutting.report(*what)
        cutting.look(arrival_ms)
        waiting -= sum(len(piece.video) + len(piece.audio) for piece in pieces[before:])
        most = max(most, waiting)
    cutting.flush()
    assert broken == []
    return pieces, sent, most


def assume_told_apart(track: Track, network: Network) -> None:
    """What a clock does while the network holds all back looks like the network; a few packets between two
    faults tell nothing. See `test_whatever_happens_at_once_is_put_right_soon` for both."""
    turns = [leap.at_ms for leap in track.leaps]
    turns += [turn for stall in track.stalls for turn in (stall.at_ms, stall.at_ms + stall.for_ms)]
    for at_ms, for_ms in network.holds:
        assume(not any(at_ms - APART_MS < turn < at_ms + for_ms + APART_MS for turn in turns))
        for lost_ms, lost_for_ms in network.lost_sound:
            assume(not (at_ms - APART_MS < lost_ms + lost_for_ms and lost_ms < at_ms + for_ms + APART_MS))
    holds = sorted(network.holds)
    assume(all(at_ms + for_ms + APART_MS < later_ms for (at_ms, for_ms), (later_ms, _) in pairwise(holds)))
    assume(all(later - earlier >= APART_MS for earlier, later in pairwise(sorted(turns))))


def last_trouble_ms(track: Track, network: Network) -> int:
    """When the last fault of the clock or the network is over."""
    ends = [leap.at_ms for leap in track.leaps] + [stall.at_ms + stall.for_ms for stall in track.stalls]
    ends += [at_ms + for_ms for at_ms, for_ms in (*network.holds, *network.lost_sound)]
    return max(ends, default=0)


def assert_all_in_its_time(
    pieces: list[Piece], sent: Sent, wrong_ms: int = WRONG_MS_MAX, since_ms: int = ANCHOR_MS
) -> None:
    """No instant has two pieces, nothing is lost or twice, and what was filmed since then is in its time."""
    seen: dict[bytes, float] = {}
    for earlier, later in pairwise(pieces):
        assert earlier.start_unix_ms + earlier.duration_ms <= later.start_unix_ms, "an instant has two pieces"
    for piece in pieces:
        for samples, rate in ((piece.video, 90), (piece.audio, 48)):
            ticks = [sample.ticks for sample in samples]
            assert ticks == sorted(set(ticks))
            for sample in samples:
                if sample.data not in seen:
                    seen[sample.data] = piece.start_unix_ms + sample.ticks / rate - START_MS
                else:
                    assert rate == 90, "sound is stored twice"
                    assert sample.ticks <= REPEATED_MS_MAX * rate, "a picture is stored twice"
    lost = [(data[-8:-4], filmed) for data, filmed in sent.filmed_ms.items() if data not in seen]
    assert not lost, f"lost {len(lost)}: {lost[:5]}"
    wrong = {
        (data[-8:-4], filmed): round(seen[data] - filmed - WAY_MS)
        for data, filmed in sent.filmed_ms.items()
        if filmed >= since_ms and abs(seen[data] - filmed - WAY_MS) > wrong_ms
    }
    assert not wrong, (len(wrong), list(wrong.items())[:5])


SECONDS = 24
SECONDS_AFTER = 10
instants = st.integers(3_000, 18_000)
stalls = st.lists(
    st.builds(Stall, instants, st.integers(400, 8_000), st.booleans()),
    max_size=2,
    unique_by=lambda s: s.at_ms // 9_000,
)
leaps = st.lists(
    st.builds(Leap, instants, st.sampled_from([-20_000, -3_000, -600, 600, 3_000, 20_000, 3_000_000])),
    max_size=1,
)
tracks = st.builds(
    Track, stalls.map(tuple), leaps.map(tuple), st.sampled_from([100, 100, 100, 82, 90, 110, 120])
)
networks = st.builds(
    Network,
    jitter_ms=st.integers(0, 60),
    holds=st.lists(st.tuples(instants, st.integers(100, 3_000)), max_size=2).map(tuple),
    lost_sound=st.lists(st.tuples(instants, st.integers(20, 3_000)), max_size=2).map(tuple),
    report_every_ms=st.sampled_from([1_000, 1_000, 5_000, 0]),
)
thorough = settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.too_slow],
)


@thorough
@given(sound=tracks, network=networks)
def test_whatever_a_microphone_does(sound: Track, network: Network) -> None:
    """Stalls, leaps, wrong rates of the sound's clock, on networks that hold packets back and lose some."""
    assume_told_apart(sound, network)
    pieces, sent, most = cut(Track(), sound, network, SECONDS)
    assert_all_in_its_time(pieces, sent, WRONG_MS_MAX if sound.rate_percent == 100 else WRONG_RATE_MS_MAX)
    assert most < 65 * (SEGMENT_MS_MAX + GAP_MS) / 1000


@thorough
@given(picture=tracks, network=networks)
def test_whatever_a_camera_does(picture: Track, network: Network) -> None:
    """The same of the pictures' clock."""
    assume_told_apart(picture, network)
    pieces, sent, _ = cut(picture, Track(), network, SECONDS)
    assert_all_in_its_time(pieces, sent, WRONG_MS_MAX if picture.rate_percent == 100 else WRONG_RATE_MS_MAX)


@thorough
@given(track=tracks, network=networks, is_sound=st.booleans())
def test_whatever_happens_at_once_is_put_right_soon(track: Track, network: Network, is_sound: bool) -> None:
    """Faults of a clock while the network holds all back, or one upon the other: what happened cannot be told
    then. Nothing is lost or twice, and PUT_RIGHT_MS after the last of it (UNTOLD_PUT_RIGHT_MS) all is in its
    time again, also of a clock that runs a fifth wrong."""
    picture, sound = (Track(), track) if is_sound else (track, Track())
    trouble_ms = last_trouble_ms(track, network)
    right_ms = trouble_ms + (PUT_RIGHT_MS if network.report_every_ms else UNTOLD_PUT_RIGHT_MS)
    pieces, sent, _ = cut(picture, sound, network, max(SECONDS, right_ms // 1000 + SECONDS_AFTER))
    assert_all_in_its_time(pieces, sent, since_ms=max(ANCHOR_MS, right_ms))
