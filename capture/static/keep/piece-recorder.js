/**
 * Records a MediaStream as short files that each play alone and follow one another without a break.
 *
 * One recorder runs all the time: to begin another costs a busy computer seconds in which nothing is
 * recorded.
 */

import { WebmCutter } from "./webm-cut.js";

const PIECE_MS = 4000;
const SLICE_MS = 1000;
// Each may begin a piece.
const KEYFRAME_MS = 1000;
const AGAIN_MS = 1000;
const BEGUN_MS_MAX = 5000;
// How many slices tell where the recorder's clock stands: clocks drift.
const SLICES_SURE = 300;
const TYPES = {
  both: "video/webm;codecs=vp8,opus",
  picture: "video/webm;codecs=vp8",
  sound: "audio/webm;codecs=opus",
};
const BITS = { video: 600_000, audio: 40_000 };

/**
 * @typedef {(data: Blob, start: number, end: number) => Promise<void>} Keep  called with each piece;
 *   `performance.now()` times
 */

/** Whether this browser records what the server takes: WebM with VP8 and Opus. */
export function canRecord() {
  return (
    "MediaRecorder" in window && Object.values(TYPES).every((type) => MediaRecorder.isTypeSupported(type))
  );
}

export class PieceRecorder {
  /** @type {MediaRecorder | null} */
  #recorder = null;
  #over = false;
  /** What was recorded is kept, in its order. */
  #kept = Promise.resolve();
  #hasBegun = () => {};

  /**
   * @param {MediaStreamTrack[]} tracks
   * @param {Keep} keep
   */
  constructor(tracks, keep) {
    this.tracks = tracks;
    this.keep = keep;
    /** Once something is recorded, or that has taken too long. @type {Promise<void>} */
    this.begun = new Promise((resolve) => {
      this.#hasBegun = resolve;
      setTimeout(resolve, BEGUN_MS_MAX);
    });
    this.#begin();
  }

  /** Ends it; resolves when the last piece was kept. */
  async stop() {
    this.#over = true;
    const last = this.#recorder;
    if (last && last.state !== "inactive") {
      await new Promise((resolve) => {
        last.addEventListener("stop", resolve);
        last.stop();
      });
    }
    await this.#kept;
  }

  #begin() {
    const living = this.tracks.filter((track) => track.readyState === "live");
    if (this.#over || !living.length) return;
    const kinds = living.map((track) => track.kind);
    const type = kinds.includes("video")
      ? kinds.includes("audio")
        ? TYPES.both
        : TYPES.picture
      : TYPES.sound;
    const recorder = new MediaRecorder(
      new MediaStream(living),
      /** @type {MediaRecorderOptions} */ ({
        mimeType: type,
        videoBitsPerSecond: BITS.video,
        audioBitsPerSecond: BITS.audio,
        videoKeyFrameIntervalDuration: KEYFRAME_MS,
      }),
    );
    this.#recorder = recorder;
    const file = new Pieces(this.keep);
    recorder.addEventListener("dataavailable", ({ data }) => {
      const now = performance.now();
      if (data.size) this.#hasBegun();
      this.#kept = this.#kept.then(async () => file.add(new Uint8Array(await data.arrayBuffer()), now));
    });
    recorder.addEventListener("stop", () => {
      this.#kept = this.#kept.then(() => file.end());
      // By itself only when it failed.
      setTimeout(() => this.#begin(), AGAIN_MS);
    });
    recorder.start(SLICE_MS);
  }
}

/** One recorder's file, in pieces. */
class Pieces {
  #cutter = new WebmCutter(PIECE_MS);
  /**
   * When the recorder's clock stood at zero at the latest, as each slice tells: its last block was recorded
   * before it came.
   */
  #zeros = /** @type {number[]} */ ([]);

  /** @param {Keep} keep */
  constructor(keep) {
    this.keep = keep;
  }

  /** @param {Uint8Array} bytes @param {number} now */
  async add(bytes, now) {
    const cuts = this.#cutter.push(bytes);
    if (bytes.length) this.#zeros.push(now - this.#cutter.lastMs);
    if (this.#zeros.length > SLICES_SURE) this.#zeros.shift();
    for (const cut of cuts) await this.#keep(cut);
  }

  async end() {
    const last = this.#cutter.end();
    if (last) await this.#keep(last);
  }

  /** @param {import("./webm-cut.js").Cut} cut */
  #keep({ data, start, end }) {
    // The quickest slice tells best; a busy computer's come seconds late.
    const zero = Math.min(...this.#zeros);
    return this.keep(data, zero + start, zero + end);
  }
}
