/**
 * Records a MediaStream as short files that each play alone and overlap a little, so that nothing falls between
 * them: a new recorder is running before the old one stops.
 */

const PIECE_MS = 4000;
// From when the new recorder says that it runs, which takes a busy computer seconds.
const OVERLAP_MS = 600;
// So that a cut within a piece need not go back far for a picture that can be decoded alone.
const KEYFRAME_MS = 1000;
const TYPES = { sound: "video/webm;codecs=vp8,opus", silent: "video/webm;codecs=vp8" };
const BITS = { video: 600_000, audio: 40_000 };

/** Whether this browser records what the server takes: WebM with VP8 and Opus. */
export function canRecord() {
  return "MediaRecorder" in window && Object.values(TYPES).every((type) => MediaRecorder.isTypeSupported(type));
}

export class PieceRecorder {
  /** @type {MediaRecorder | null} */
  #current = null;
  /** @type {number | undefined} */
  #timer = undefined;

  /**
   * @param {MediaStream} media
   * @param {(data: Blob, start: number, end: number) => void} keep called with each piece; `Date.now()` times
   */
  constructor(media, keep) {
    this.media = media;
    this.keep = keep;
    this.#next();
  }

  /** Ends it; resolves when the last piece was kept. */
  async stop() {
    clearTimeout(this.#timer);
    const last = this.#current;
    this.#current = null;
    if (last && last.state !== "inactive") {
      await new Promise((resolve) => {
        last.addEventListener("stop", resolve);
        last.stop();
      });
    }
  }

  #next() {
    if (!this.media.active) return;
    const before = this.#current;
    this.#current = this.#begin();
    if (before) {
      const stop = () => before.state !== "inactive" && before.stop();
      this.#current.addEventListener("start", () => setTimeout(stop, OVERLAP_MS));
      setTimeout(stop, PIECE_MS);
    }
    this.#timer = setTimeout(() => this.#next(), PIECE_MS);
  }

  #begin() {
    const recorder = new MediaRecorder(this.media, /** @type {MediaRecorderOptions} */ ({
      mimeType: this.media.getAudioTracks().length ? TYPES.sound : TYPES.silent,
      videoBitsPerSecond: BITS.video,
      audioBitsPerSecond: BITS.audio,
      videoKeyFrameIntervalDuration: KEYFRAME_MS,
    }));
    /** @type {Blob[]} */
    const parts = [];
    const start = Date.now();
    recorder.addEventListener("dataavailable", ({ data }) => data.size && parts.push(data));
    recorder.addEventListener("stop", () => {
      if (parts.length) this.keep(new Blob(parts), start, Date.now());
    });
    recorder.start();
    return recorder;
  }
}
