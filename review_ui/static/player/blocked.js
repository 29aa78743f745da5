/**
 * The stretches of one stream that were recorded and cannot be played: a hole in a track, a piece that is
 * refused or damaged. Found out while playing. Pure.
 *
 * @typedef {import("./problem.js").Problem} Problem
 *
 * @typedef {object} Stretch
 * @property {number} start_ms
 * @property {number} end_ms
 * @property {Problem | null} problem  why; null where the file itself has nothing there
 */

export class Blocked {
  constructor() {
    /** @type {Stretch[]} in the order of their starts, none touching another with the same problem */
    this.stretches = [];
  }

  /**
   * @param {number} start_ms
   * @param {number} end_ms
   * @param {Problem | null} [problem]
   * @returns {Stretch} the whole one, with what it touches
   */
  add(start_ms, end_ms, problem = null) {
    const whole = { start_ms, end_ms, problem };
    const touches = (/** @type {Stretch} */ one) =>
      one.problem?.detail === problem?.detail && one.start_ms <= end_ms && start_ms <= one.end_ms;
    for (const one of this.stretches.filter(touches)) {
      whole.start_ms = Math.min(whole.start_ms, one.start_ms);
      whole.end_ms = Math.max(whole.end_ms, one.end_ms);
    }
    this.stretches = [...this.stretches.filter((one) => !touches(one)), whole].sort(
      (a, b) => a.start_ms - b.start_ms,
    );
    return whole;
  }

  /** The stretch that holds `ms`, or null. @param {number} ms */
  at(ms) {
    return this.stretches.find((one) => one.start_ms <= ms && ms < one.end_ms) ?? null;
  }

  /** `ms`, or where the stretches that hold it end. @param {number} ms */
  past(ms) {
    let at = ms;
    for (let hole = this.at(at); hole; hole = this.at(at)) at = hole.end_ms;
    return at;
  }

  /** Forgets all that a second attempt may play: everything but what the server refuses for good. */
  forgive() {
    this.stretches = this.stretches.filter((one) => one.problem && !one.problem.passing);
  }
}
