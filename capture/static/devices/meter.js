/** How loud the microphone is: bars for the eye, words for everyone. Nothing of the sound is kept. */

const EVERY_MS = 100;
const FLOOR_DB = -60;
const HEARD_DB = -45;
const QUIET_AFTER_MS = 4000;

export class Meter {
  /** @type {AudioContext | null} */
  #audio = null;
  /** @type {number | undefined} */
  #timer = undefined;
  #heardAt = 0;

  /**
   * `changed` is called with "heard" or "silent" when that changes, and never for anything else.
   * @param {Element} svg
   * @param {(state: "heard" | "silent") => void} changed
   */
  constructor(svg, changed) {
    this.bars = [...svg.querySelectorAll("rect")];
    this.changed = changed;
    /** @type {"heard" | "silent" | ""} */
    this.state = "";
  }

  /** @param {MediaStream} media */
  watch(media) {
    this.stop();
    if (!media.getAudioTracks().length) {
      this.#heardAt = 0;
      return this.#show(-Infinity);
    }
    const audio = new AudioContext();
    const analyser = audio.createAnalyser();
    analyser.fftSize = 1024;
    audio.createMediaStreamSource(media).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    this.#audio = audio;
    this.#timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      this.#show(loudness(samples));
    }, EVERY_MS);
  }

  stop() {
    clearInterval(this.#timer);
    void this.#audio?.close();
    this.#audio = null;
  }

  /** @param {number} db */
  #show(db) {
    const lit = Math.round(Math.max(0, 1 - db / FLOOR_DB) * this.bars.length);
    this.bars.forEach((bar, index) => {
      bar.classList.toggle("m-on", index < lit);
      bar.classList.toggle("m-off", index >= lit);
    });
    const now = performance.now();
    if (db > HEARD_DB) this.#heardAt = now;
    const state = this.#heardAt && now - this.#heardAt < QUIET_AFTER_MS ? "heard" : "silent";
    if (state !== this.state) {
      this.state = state;
      this.changed(state);
    }
  }
}

/** Decibels below full scale (0 at most). @param {Float32Array} samples */
function loudness(samples) {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return 10 * Math.log10(sum / samples.length + 1e-12);
}
