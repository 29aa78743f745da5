/** What a <video> holds, in ms. */

/** A position just before a buffered stretch counts as within it. */
const BEFORE_MS = 50;

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
