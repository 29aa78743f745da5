"""Publishes pictures that carry the wall clock, and a beep at every full period of it; reads both as stored.

So lips and voice have one clock in a browser, whatever its devices do, and their distance can be measured for
hours. The beep is planned anew before each period, as a stalled device's own clock falls behind.
"""

import io
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import av
import numpy as np

from capture.recorder import MediaSegment
from capture.simulate.sound import BEEP_HZ, BEEP_S
from tests.support.decoded import seconds

PERIOD_MS = 2_000
CLOCK_BITS = 41
GAIN = 0.25
LOUD = 0.7  # of the usual block of a beep: heard in full
HEARD_MIN = 0.02
BEEP_MS = round(BEEP_S * 1000)
BLOCK_MS = 20
TONE: dict[str, Any] = {"hz": BEEP_HZ, "every": PERIOD_MS, "ms": BEEP_MS, "gain": GAIN}

_SYNTHESISED = """
  const sound = new AudioContext({sampleRate: 48000});
  await sound.resume();
  const gate = new GainNode(sound, {gain: 0});
  const hum = new OscillatorNode(sound, {frequency: tone.hz});
  hum.connect(gate);
  hum.start();
  const microphone = async () => {
    const out = new MediaStreamAudioDestinationNode(sound);
    gate.connect(out);
    return out.stream.getAudioTracks()[0];
  };
  // The context's clock against the wall's: the least of some readings, since it is told in steps.
  let readings = [], planned = 0;
  setInterval(() => {
    if (sound.state !== 'running') { readings = []; return; }
    readings.push(Date.now() - sound.currentTime * 1000);
    if (readings.length > 20) readings.shift();
    const at = Math.ceil((Date.now() + 100) / tone.every) * tone.every;
    if (readings.length < 5 || at === planned || at - Date.now() > 400) return;
    planned = at;
    const opens = Math.min(...readings);
    gate.gain.setValueAtTime(tone.gain, (at - opens) / 1000);
    gate.gain.setValueAtTime(0, (at - opens + tone.ms) / 1000);
  }, 50);
  const stand = async (ms) => {
    gate.gain.cancelScheduledValues(0);
    gate.gain.value = 0;
    await sound.suspend();
    await wait(ms);
    await sound.resume();
  };
"""

# A browser without a sound card runs no AudioContext; its made-up microphone hums, and a clock switches it.
_SWITCHED = """
  let live = null;
  const microphone = async () => {
    const off = {echoCancellation: false, noiseSuppression: false, autoGainControl: false};
    const given = await navigator.mediaDevices.getUserMedia({audio: off});
    [live] = given.getAudioTracks();
    live.enabled = false;
    return live;
  };
  const beat = () => {
    const at = Math.ceil((Date.now() + 20) / tone.every) * tone.every;
    setTimeout(() => { live.enabled = true; }, at - Date.now());
    setTimeout(() => { live.enabled = false; }, at + tone.ms - Date.now());
    setTimeout(beat, at + tone.ms + 100 - Date.now());
  };
  const stand = async (ms) => {
    await voice.replaceTrack(null);
    await wait(ms);
    await voice.replaceTrack(live);
  };
  setTimeout(beat, 1000);
"""

_PUBLISH = """async ({token, codec, rate, tone}) => {
  const wait = ms => new Promise(done => setTimeout(done, ms));
  const canvas = document.body.appendChild(document.createElement('canvas'));
  canvas.width = 656; canvas.height = 64;
  const draw = canvas.getContext('2d');
  const stream = canvas.captureStream(0);
  const [picture] = stream.getVideoTracks();
  const painting = setInterval(() => {
    const now = Date.now();
    for (let bit = 0; bit < 41; bit++) {
      draw.fillStyle = Math.floor(now / 2 ** bit) % 2 ? '#fff' : '#000';
      draw.fillRect(bit * 16, 0, 16, 64);
    }
    (picture.requestFrame ? picture : stream).requestFrame();
  }, 1000 / rate);
  MICROPHONE
  const pc = new RTCPeerConnection();
  stream.addTrack(await microphone());
  for (const track of stream.getTracks()) {
    const sender = pc.addTransceiver(track, {direction: 'sendonly', streams: [stream]});
    if (track.kind === 'video') {
      const known = RTCRtpSender.getCapabilities('video').codecs;
      sender.setCodecPreferences(known.filter(c => ['video/' + codec, 'video/rtx'].includes(c.mimeType)));
    }
  }
  const voice = pc.getSenders().find(one => one.track.kind === 'audio');
  await pc.setLocalDescription();
  const answer = await fetch('/whip', {method: 'POST', body: pc.localDescription.sdp,
    headers: {'Content-Type': 'application/sdp', 'Authorization': 'Bearer ' + token}});
  if (answer.status !== 201) throw new Error(await answer.text());
  window.pcs = window.pcs || {};
  window.pcs[token] = {pc, stream, stand, location: answer.headers.get('Location'),
    // The device is gone, and another takes its place.
    change: async (ms) => {
      voice.track.stop();
      await voice.replaceTrack(null);
      await wait(ms);
      await voice.replaceTrack(await microphone());
    },
    quiet: async () => {
      clearInterval(painting);
      for (const sender of pc.getSenders()) await sender.replaceTrack(null);
    },
  };
  await pc.setRemoteDescription({type: 'answer', sdp: await answer.text()});
}"""
PUBLISH = _PUBLISH.replace("MICROPHONE", _SYNTHESISED)
PUBLISH_SWITCHED = _PUBLISH.replace("MICROPHONE", _SWITCHED)


@dataclass(frozen=True, slots=True)
class Beep:
    """The beep of one period: how much later than the wall clock the sound says it, and the pictures do."""

    at_ms: int
    heard_ms: float
    seen_ms: float

    @property
    def apart_ms(self) -> float:
        return self.heard_ms - self.seen_ms


class Lips:
    """What was heard and seen in the segments of one take, forgotten as soon as it is told."""

    def __init__(self) -> None:
        self._heard: list[tuple[float, float]] = []  # the middle of a block that may beep, and how loud it is
        self._seen: list[tuple[float, float]] = []  # when a picture is shown, and how late

    def read(self, segment: MediaSegment) -> None:
        """Takes the next segment of the take."""
        with av.open(io.BytesIO(segment.data), "r") as container:
            for packet in container.demux():
                for frame in packet.decode():
                    assert isinstance(frame, av.VideoFrame | av.AudioFrame)
                    at_ms = segment.start_unix_ms + seconds(frame) * 1000
                    if isinstance(frame, av.VideoFrame):
                        self._seen.append((at_ms, at_ms - _clock_of(frame)))
                    elif (loudness := _loudness(frame)) > HEARD_MIN:
                        self._heard.append((at_ms + 500 * frame.samples / frame.sample_rate, loudness))

    def told(self, before_ms: float) -> list[Beep]:
        """The whole beeps of the periods before this instant; what a stall cut short is none."""
        periods: dict[int, list[float]] = {}
        full = statistics.median([loudness for _, loudness in self._heard] or [0.0])
        for at_ms, loudness in self._heard:
            if loudness > LOUD * full:
                periods.setdefault(round(at_ms / PERIOD_MS) * PERIOD_MS, []).append(at_ms)
        found = []
        for full_ms, blocks in sorted(periods.items()):
            near = [late_ms for at_ms, late_ms in self._seen if abs(at_ms - full_ms) < PERIOD_MS / 2]
            whole = BEEP_MS - 2 * BLOCK_MS <= max(blocks) - min(blocks) <= BEEP_MS
            if full_ms < before_ms and whole and near:
                heard_ms = statistics.median(blocks) - BEEP_MS / 2 - full_ms
                found.append(Beep(full_ms, heard_ms, statistics.median(near)))
        self._heard = [one for one in self._heard if one[0] >= before_ms - PERIOD_MS / 2]
        self._seen = [(at_ms, late_ms) for at_ms, late_ms in self._seen if at_ms >= before_ms - PERIOD_MS]
        return found


def beeps(segments: Iterable[MediaSegment]) -> list[Beep]:
    """All whole beeps of a take."""
    lips = Lips()
    for segment in segments:
        lips.read(segment)
    return lips.told(float("inf"))


def _loudness(frame: av.AudioFrame) -> float:
    samples = frame.to_ndarray().astype(float).reshape(-1, frame.samples, order="F").mean(axis=0)
    turns = np.exp(-2j * np.pi * BEEP_HZ * np.arange(samples.size) / frame.sample_rate)
    return float(abs((samples * turns).mean()))


def _clock_of(picture: av.VideoFrame) -> int:
    luma = picture.to_ndarray(format="gray")
    height, width = luma.shape
    columns = [int((bit + 0.5) * width / CLOCK_BITS) for bit in range(CLOCK_BITS)]
    return sum(int(luma[height // 2, column] > 128) << bit for bit, column in enumerate(columns))
