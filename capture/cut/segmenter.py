"""Cuts a take's frames into pieces of about 4 s that each play alone.

Invariants: no two pieces share an instant. Pieces abut unless there is a gap between them. Every picture from
the first keyframe on is in one piece, unless no keyframe precedes it. Every packet of sound is in one piece.
Pure: time comes with the frames, and their ticks run evenly (`capture.clock.steadyticks`).

    while                                       a piece
    pictures come, with keyframes               begins with a keyframe every SEGMENT_MS
    sound alone comes after pictures            is cut every STALL_MS, repeats those since the keyframe
    pictures come without a keyframe            is cut every SEGMENT_MS_MAX, likewise
    sound comes and no picture can be shown     is sound alone, and says why
"""

from typing import Final, final

from capture.clock.deviceclock import DeviceClock
from capture.clock.mediaclock import to_ms
from capture.clock.takeclocks import TakeClocks
from capture.cut.no_picture import NoPicture
from capture.cut.open_piece import LAST_FRAME_MS, ClosedPiece, OpenPiece
from capture.cut.reading import Reading
from capture.cut.sound import Sound
from capture.errors import BadPayload
from capture.media import opus
from capture.media.frames import Codec, EncodedFrame
from capture.media.piece import TICKS_PER_MS, Piece, VideoConfig, media_type
from capture.recorder import Absence
from proctoring.recordings.model import EndCause, GapPart

SEGMENT_MS: Final = 4_000
CUT_EARLY_MS: Final = 250  # a keyframe this much before the target is taken rather than one much after it
SEGMENT_MS_MAX: Final = 60_000  # a sender that ignores our requests for keyframes
SEGMENT_BYTES_MAX: Final = 24 << 20
GAP_MS: Final = 1_000  # a loss longer than this leaves a gap
LATE_AUDIO_MS: Final = 500  # how long a cut piece waits for its last audio
OPENING_MS: Final = 1_000  # how long the first media type waits to see whether audio comes
KEYFRAME_REQUEST_MS: Final = 1_000  # at most one request per this time
STALL_MS: Final = 10_000  # without a picture while there is sound
LEAD_MS: Final = 300  # sound that comes this much before the first picture is shown with it
ALONE_MS_MIN: Final = 200  # less sound than this at the end goes with the pictures before it


@final
class Segmenter:
    """Frames of one take in, finished pieces out.

    `first_target_ms` spreads the cuts of many publishers over time. `expects_audio` says whether audio was
    negotiated. `device` is the clock that this take shares with the others of its device. `codec` is that of
    the pictures, `sets` the H.264 parameter sets of the offer. The caller keeps `clocks` informed, and
    `sound_held` true while sound waits elsewhere.
    """

    def __init__(
        self,
        *,
        first_target_ms: int = SEGMENT_MS,
        expects_audio: bool = True,
        device: DeviceClock | None = None,
        codec: Codec = Codec.VP8,
        sets: tuple[bytes, ...] = (),
    ) -> None:
        self.clocks = TakeClocks(device or DeviceClock())
        self.sound_held = False
        self.unreadable_since_ms: int | None = None  # keyframes come, and none can be stored
        self._target_ms = first_target_ms
        self._expects_audio = expects_audio
        self._codec = codec
        self._reading = Reading(sets)
        self._video_clock, self._audio_clock = self.clocks.video, self.clocks.audio
        self._sound = Sound(self._audio_clock, codec)
        self._open: OpenPiece | None = None
        self._closed: ClosedPiece | None = None
        self._abut_ms: int | None = None  # where a piece that begins now starts, if it abuts
        self._end_ms: int | None = None  # where the last piece ended
        self._asked_ms: int | None = None
        self._heard_ms = 0
        self.no_picture = NoPicture()

    def push(self, frame: EncodedFrame) -> list[Piece]:
        """Takes the next frame; returns the pieces it completes. A malformed frame counts as not there."""
        pieces: list[Piece] = []
        silent_ms, self._heard_ms = frame.arrival_ms - self._heard_ms, frame.arrival_ms
        if self._closed is not None and silent_ms > LATE_AUDIO_MS // 2:
            self._closed.give_up_ms += silent_ms  # nothing came at all; what waited comes now, one by one
        try:
            if frame.codec is Codec.OPUS:
                self._push_audio(frame, pieces)
            else:
                self._push_video(frame, pieces)
        except BadPayload:
            pass
        closed = self._closed
        if closed is not None and self._may_complete(closed, frame.arrival_ms):
            self._complete(pieces)
        return pieces

    def flush(self, until_ms: int | None = None) -> list[Piece]:
        """Everything that is whole; afterwards the segmenter is empty and waits for a keyframe.

        `until_ms` is given when the publisher was there until then: its last picture showed as long. It shows
        as long as there is sound, too.
        """
        pieces: list[Piece] = []
        if self._open is not None:
            last = self._open.frames[-1]
            shown_ms = 0 if until_ms is None else until_ms - last.arrival_ms
            self._break_off(pieces, last.arrival_ms, shown_ms, self._sound)
        if self._closed is not None and self._sound:
            left_us = self._sound.end_us - self._closed.boundary_us
            if left_us < ALONE_MS_MIN * 1000:
                self._closed.boundary_us = max(self._closed.boundary_us, self._sound.end_us)
        self._complete(pieces)
        if self._sound and self._sound.end_us - self._sound.first_us >= ALONE_MS_MIN * 1000:
            self._cut_alone(pieces, self._sound.end_us)
        return pieces

    def opening(self, now_ms: int) -> tuple[str, int] | None:
        """The media type and provisional Unix start of the take, once they are known."""
        opened = self._open
        if opened is None or not self.clocks.calm:
            return None
        awaits_sound = self._expects_audio and not self._audio_clock.running
        if awaits_sound and now_ms - opened.first_arrival_ms < OPENING_MS:
            return None
        start_us = self._video_clock.unix_us(opened.frames[0].ticks)
        if self._sound and start_us - self._sound.first_us > 0:
            lead_us, start_us = start_us - self._sound.first_us, self._sound.first_us
            if lead_us > LEAD_MS * 1000:
                return media_type(None, True, self._codec), to_ms(start_us)
        return media_type(opened.config, self._audio_clock.running), to_ms(start_us)

    def wants_keyframe(self, now_ms: int, lost: bool = False) -> bool:
        """Whether to ask the sender for a keyframe now; true at most once per KEYFRAME_REQUEST_MS.

        `lost` says that video stops until one comes.
        """
        if lost:
            self.no_picture.wait(now_ms)
        opened = self._open
        if opened is not None and not lost and now_ms - opened.first_arrival_ms < opened.target_ms:
            return False
        if self._asked_ms is not None and 0 <= now_ms - self._asked_ms < KEYFRAME_REQUEST_MS:
            return False
        self._asked_ms = now_ms
        return True

    def _push_audio(self, frame: EncodedFrame, pieces: list[Piece]) -> None:
        opus.duration_ticks(frame.data)
        now_ms = frame.arrival_ms
        self._audio_clock.observe(frame.ticks, now_ms)
        self._sound.add(frame)
        opened = self._open
        if opened is not None:
            if now_ms - opened.frames[-1].arrival_ms >= STALL_MS or self._sound.is_full:
                self._cut_stalled(opened, now_ms, pieces)
        elif not self._closed and self.clocks.calm and now_ms - self._sound.first_arrival_ms >= SEGMENT_MS:
            self._cut_alone(pieces, self._sound.end_us)

    def _cut_alone(self, pieces: list[Piece], until_us: int) -> None:
        """A piece of the sound that waits, up to an instant, without picture."""
        self._audio_clock.settle()
        start_ms = self._sound.from_ms(self._end_ms)
        end_ms = max(to_ms(until_us), start_ms + 1)
        pieces.append(self._sound.alone(start_ms, end_ms, until_us, self.no_picture.why))
        self._end_ms, self._abut_ms = end_ms, None

    def _cut_stalled(self, opened: OpenPiece, now_ms: int, pieces: list[Piece]) -> None:
        """Ends the open piece here; the next one repeats the pictures that its last one leans on."""
        end_ticks = opened.last_ticks + (now_ms - opened.frames[-1].arrival_ms) * TICKS_PER_MS
        self._note_absent(opened, end_ticks, self.no_picture.why_still)
        self._go_on(opened, end_ticks, now_ms, pieces)

    def _go_on(self, opened: OpenPiece, end_ticks: int, now_ms: int, pieces: list[Piece]) -> None:
        """Ends the open piece without a keyframe, and begins the next one if that can be shown alone."""
        again = opened.repeated(end_ticks, now_ms)
        self._close(end_ticks, pieces, now_ms)
        if again is None:
            self._abut_ms = None
            self.no_picture.why = self.no_picture.why_gone
            return
        self._open = self._begin(opened.config, again[0])
        for frame in again:
            self._open.add(frame)

    def _push_video(self, frame: EncodedFrame, pieces: list[Piece]) -> None:
        config = self._reading.config_of(frame)
        if frame.keyframe and config is None:
            self.no_picture.why = EndCause.NOT_STORABLE
            if self.unreadable_since_ms is None:
                self.unreadable_since_ms = frame.arrival_ms
            self._break_off(pieces, frame.arrival_ms)
            return
        opened = self._open
        if opened is not None:
            self._cut_before(frame, config, opened, pieces)
        self._video_clock.observe(frame.ticks, frame.arrival_ms)
        if self._open is None:
            if config is None:
                self._abut_ms = None
                return
            self._open = self._begin(config, frame)
        elif frame.ticks <= self._open.last_ticks and (self._open is not opened or frame.codec is Codec.VP8):
            # After what is repeated; and VP8 has no picture that is shown before one that decodes earlier.
            frame = frame.moved(self._open.last_ticks + 1, frame.arrival_ms)
        self._open.add(frame)
        if config is not None:
            self.unreadable_since_ms = None
            self.no_picture.over()

    def _cut_before(
        self, frame: EncodedFrame, config: VideoConfig | None, opened: OpenPiece, pieces: list[Piece]
    ) -> None:
        """Ends the open piece before this picture, where it should."""
        now_ms = frame.arrival_ms
        end_ticks = max(frame.ticks, opened.last_ticks + 1)
        if frame.after_loss and frame.ticks - opened.last_ticks > GAP_MS * TICKS_PER_MS:
            if self._sound and self._sound.end_us > self._video_clock.unix_us(opened.last_ticks):
                self._note_absent(opened, end_ticks, EndCause.CONNECTION_LOST)
                self._close(end_ticks, pieces, now_ms)
            else:
                self._break_off(pieces, now_ms)
                self.no_picture.why = EndCause.CONNECTION_LOST
        elif config is not None:
            due = opened.age_ms(frame) >= opened.target_ms - CUT_EARLY_MS
            if config != opened.config or (due and (self.clocks.calm or opened.start_ms is not None)):
                self._close(end_ticks, pieces, now_ms)
        elif opened.size + len(frame.data) > SEGMENT_BYTES_MAX or opened.age_ms(frame) >= SEGMENT_MS_MAX:
            self._go_on(opened, end_ticks, now_ms, pieces)

    def _begin(self, config: VideoConfig, frame: EncodedFrame) -> OpenPiece:
        start, self._abut_ms = self._abut_ms, None
        abuts = start is not None
        if start is None and self._video_clock.settled:
            start = self._not_before(to_ms(self._video_clock.unix_us(frame.ticks)))
        nothing = self.no_picture.before(frame, self.unreadable_since_ms)
        opened = OpenPiece(config, frame.arrival_ms, self._target_ms, start, abuts, frame.ticks, nothing)
        self._target_ms = SEGMENT_MS
        self._asked_ms = None
        return opened

    def _note_absent(self, opened: OpenPiece, end_ticks: int, cause: EndCause) -> None:
        """Notes that the piece shows its last picture in place of others that did not come."""
        clock = self._video_clock
        from_ms = to_ms(clock.unix_us(opened.last_ticks + LAST_FRAME_MS * TICKS_PER_MS))
        until_ms = to_ms(clock.unix_us(end_ticks))
        if from_ms < until_ms:
            opened.absences.append(Absence(GapPart.PICTURE, from_ms, until_ms, cause))

    def _break_off(
        self, pieces: list[Piece], now_ms: int, shown_ms: int = 0, sound: Sound | None = None
    ) -> None:
        """Closes the open piece, if any, where its last picture ends, or the sound if given; leaves a gap."""
        opened = self._open
        if opened is None:
            return
        end_ticks = opened.shown_until(shown_ms)
        if sound:
            beyond_ms = (sound.end_us - self._video_clock.unix_us(end_ticks)) // 1000
            end_ticks += max(0, beyond_ms) * TICKS_PER_MS
        self._close(end_ticks, pieces, now_ms)
        self._abut_ms = None

    def _close(self, end_ticks: int, pieces: list[Piece], now_ms: int) -> None:
        """Ends the open piece's video; what begins next abuts."""
        self._complete(pieces)
        opened, self._open = self._open, None
        assert opened is not None
        clock = self._video_clock
        boundary_us = clock.unix_us(end_ticks)
        clock.settle()
        # What comes next is timed by the slewed clock; so is this end, or the two would not abut.
        end_us = clock.unix_us(end_ticks)
        if opened.start_ms is None:
            boundary_us = end_us
            if not self._audio_clock.settled:
                self._audio_clock.settle()
            opened.start_ms = self._not_before(to_ms(clock.unix_us(opened.frames[0].ticks)))
        end_ms = max(to_ms(end_us), opened.start_ms + 1)
        previous_ms, self._end_ms, self._abut_ms = self._end_ms, end_ms, end_ms
        self._closed = ClosedPiece(
            opened, opened.start_ms, end_ms, boundary_us, previous_ms, now_ms + LATE_AUDIO_MS
        )

    def _not_before(self, start_ms: int) -> int:
        """A start that does not overlap what was cut before."""
        return start_ms if self._end_ms is None else max(start_ms, self._end_ms)

    def _may_complete(self, closed: ClosedPiece, now_ms: int) -> bool:
        """Whether all its sound has come, or has been waited for."""
        if self.sound_held:
            return False
        if now_ms >= closed.give_up_ms or not self._audio_clock.running:
            return True
        return self._sound.reaches(closed.boundary_us)

    def _complete(self, pieces: list[Piece]) -> None:
        closed, self._closed = self._closed, None
        if closed is None:
            return
        pictures, start_ms, later_ms = closed.pictures, closed.start_ms, 0
        previous_ms, nothing = closed.previous_end_ms, pictures.nothing
        if not pictures.abuts and self._sound and self._sound.first_us < start_ms * 1000:
            from_ms = self._sound.from_ms(previous_ms)
            if start_ms - from_ms > LEAD_MS:
                pieces.append(self._sound.alone(from_ms, start_ms, start_ms * 1000, nothing.why))
                previous_ms = start_ms
            elif from_ms < start_ms:
                start_ms, later_ms = from_ms, start_ms - from_ms
        taken = self._sound.take(start_ms, closed.end_ms, closed.boundary_us)
        pieces.append(
            Piece(
                start_ms,
                closed.end_ms - start_ms,
                pictures.config,
                pictures.samples(later_ms),
                taken.samples,
                absences=(*pictures.before(previous_ms, start_ms), *pictures.absences, *taken.absences),
            )
        )
        self._audio_clock.settle()
