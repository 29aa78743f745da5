/** How long a <video> has stood still although it should go on, and what to step over so that it does. */

import { bufferedEnd, nextBuffered } from "./buffered.js";
import { endOf } from "./stream-index.js";

/**
 * @typedef {import("./stream-index.js").StreamIndex} StreamIndex
 * @typedef {{ over: "end" | "hole", to: number }} Step
 */

/** A <video> stops up to this much before the end of what it has, at normal speed. */
const EDGE_MS = 600;
/** At the end of a run this much of it must be there for the stream to be through. */
const LAST_MS = 200;
/**
 * The first step over what stands still although it seems to be there; doubled as long as that does not help.
 */
const STEP_MS = 250;
/** So long it must have moved for the next step to be the first again. */
const MOVED_MS = 1000;
/** It has begun once so many looks in a row found it further on; one alone may be where a jump ended. */
const BEGUN_LOOKS = 2;

/** How far before the end of what it has a <video> may stop, in ms. @param {number} rate */
export const edgeMs = (rate) => EDGE_MS * Math.max(1, rate / 2);

export class Standing {
  /** Whether it was told to play or to jump and has not moved since: some browsers take their time. */
  begins = false;
  #sinceMs = performance.now();
  #movesSinceMs = 0;
  #atS = -1;
  #stepMs = STEP_MS;
  #looksMoved = 0;

  /** It is told to play, or to jump. Amid steps over what stands still there is no more patience. */
  begin() {
    this.begins = this.#stepMs === STEP_MS;
    this.#looksMoved = 0;
  }

  /**
   * Takes a look at the <video>; says for how many ms it has not moved by itself. A jump that has not ended
   * is standing still as well.
   *
   * @param {HTMLVideoElement} video
   * @param {number} nowMs  of a clock that only goes forward
   * @param {boolean} should  whether it should move, or end its jump
   */
  note(video, nowMs, should) {
    const moved = !video.seeking && video.currentTime !== this.#atS;
    if (!should || moved) this.#sinceMs = nowMs;
    if (!video.seeking) this.#atS = video.currentTime;
    if (!should || !moved) this.#movesSinceMs = nowMs;
    if (nowMs - this.#movesSinceMs > MOVED_MS) this.#stepMs = STEP_MS;
    this.#looksMoved = should && moved ? this.#looksMoved + 1 : 0;
    if (this.#looksMoved >= BEGUN_LOOKS) this.begins = false;
    return nowMs - this.#sinceMs;
  }

  /**
   * It stands at `ms` although all is loaded. What comes next is a hole, as short as it can be, or the end of
   * the run. Null while neither is certain.
   *
   * @param {HTMLVideoElement} video
   * @param {StreamIndex} index
   * @param {number} ms
   * @param {number} rate
   * @param {boolean} long  whether it has stood too long to be merely slow
   * @returns {Step | null}
   */
  over(video, index, ms, rate, long) {
    const run = index.runAt(ms);
    if (!run) return null;
    const near = edgeMs(rate);
    const end = bufferedEnd(video, ms);
    const waits = video.seeking || video.ended || video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA;
    const atEdge = end === null || (waits && end - ms < near);
    if (atEdge && run.end_ms - ms < near && bufferedEnd(video, run.end_ms - LAST_MS) !== null) {
      return { over: "end", to: run.end_ms };
    }
    const next = atEdge ? nextBuffered(video, ms) : null;
    if (next !== null && next < run.end_ms) return { over: "hole", to: Math.ceil(next) + 1 };
    if (!long) return null;
    const segment = index.segmentAt(ms);
    const segmentEnd = segment ? Math.max(endOf(segment), ms + 1) : run.end_ms;
    if (atEdge) return { over: "hole", to: segmentEnd };
    this.#stepMs *= 2;
    return { over: "hole", to: Math.min(segmentEnd, ms + this.#stepMs / 2) };
  }
}
