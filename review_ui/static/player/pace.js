/** The clocks of the conductor. They stop once all has been at rest for a while, and then nothing is done. */

const TICK_MS = 250;
const WATCH_MS = 100;
/** Longer than any words that go by themselves are shown. */
const REST_AFTER_MS = 5000;

export class Pace {
  #tick;
  #watch;
  #isAtRest;
  #wokenMs = 0;
  /** @type {number[]} */
  #timers = [];

  /**
   * @param {() => void} tick  every TICK_MS
   * @param {() => void} watch  every WATCH_MS
   * @param {() => boolean} isAtRest
   */
  constructor(tick, watch, isAtRest) {
    this.#tick = tick;
    this.#watch = watch;
    this.#isAtRest = isAtRest;
  }

  /**
   * The clocks go, for REST_AFTER_MS at least. Call before a <video> is moved: for how long it has stood is
   * counted from the last watch, and that was before the rest.
   */
  wake() {
    this.#wokenMs = performance.now();
    if (!this.rests) return;
    this.#watch();
    this.#timers = [
      window.setInterval(() => this.#turn(), TICK_MS),
      window.setInterval(() => this.#watch(), WATCH_MS),
    ];
  }

  /** Whether the clocks stand. */
  get rests() {
    return this.#timers.length === 0;
  }

  #turn() {
    this.#tick();
    if (!this.#isAtRest()) this.#wokenMs = performance.now();
    if (performance.now() - this.#wokenMs < REST_AFTER_MS) return;
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
  }
}
