/** What a <video> holds, in ms. */

import { endOf } from "./stream-index.js";

/** @typedef {import("./types.js").SegmentData} SegmentData */

/** A position just before a buffered stretch counts as within it. */
const BEFORE_MS = 50;
/** So near its start and its end a segment is looked for; nearer in a short one. */
const NEAR_MS = 250;

/**
 * The end of the buffered stretch that holds `ms`, or null.
 * @param {HTMLVideoElement} video
 * @param {number} ms
 */
export function bufferedEnd({ buffered }, ms) {
  for (let i = 0; i < buffered.length; i++) {
    if (1000 * buffered.start(i) <= ms + BEFORE_MS && ms < 1000 * buffered.end(i))
      return 1000 * buffered.end(i);
  }
  return null;
}

/**
 * Where the next buffered stretch after `ms` begins, or null.
 * @param {HTMLVideoElement} video
 * @param {number} ms
 */
export function nextBuffered({ buffered }, ms) {
  for (let i = 0; i < buffered.length; i++) {
    if (1000 * buffered.start(i) > ms) return 1000 * buffered.start(i);
  }
  return null;
}

/**
 * Whether the segment is there from its start to its end.
 * @param {HTMLVideoElement} video
 * @param {SegmentData} segment
 */
export function holdsWhole(video, segment) {
  const near = Math.min(NEAR_MS, segment.duration_ms / 4);
  const [from, until] = [segment.start_ms + near, endOf(segment) - near];
  return bufferedEnd(video, from) !== null && bufferedEnd(video, until) !== null;
}

/**
 * Whether anything of the segment is there.
 * @param {HTMLVideoElement} video
 * @param {SegmentData} segment
 */
export function holdsOf(video, segment) {
  const next = nextBuffered(video, segment.start_ms - 1);
  return bufferedEnd(video, segment.start_ms) !== null || (next !== null && next < endOf(segment));
}
