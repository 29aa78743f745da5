/**
 * The server's time on this computer: what the server stamped, and what has passed since by the browser's
 * monotonic clock. The computer's own clock may be wrong, and be set at any time: nothing is measured by it.
 *
 * Two things can make the monotonic clock lie: it may stand still while the computer sleeps, and before the
 * first stamp nothing is known. Both are a *doubt*: times told meanwhile are marked with its name, and the
 * next stamp says by how much they have to be moved.
 *
 * Events: `settled`, with `doubt` and `movedMs`; `step`, with `byMs` and `at`: the computer's clock was set.
 *
 * @typedef {{ monotonic: () => number, wall: () => number }} Clocks
 * @typedef {{ aheadMs: number, turnMs: number, at: number }} Sample
 * @typedef {{ name: string, since: number, latest: number, steps: { at: number, byMs: number }[] }} Doubt
 *   monotonic times
 */

// Clocks drift: an old stamp is forgotten, a fresh one is worth some milliseconds more.
const SAMPLE_AGE_MS_MAX = 5 * 60_000;
const DRIFT = 1e-4;
// A question that took longer says nothing about the time.
const TURN_MS_MAX = 10_000;
// What browsers that hide the exact time may add to every reading.
const SLACK_MS = 250;
/** A change of the computer's clock against the monotonic one that is no drift. */
const STEP_MS = 1000;

export class ServerClock extends EventTarget {
  /** Server time minus monotonic time, in milliseconds, as far as it is known. */
  #aheadMs;
  /** @type {Sample[]} */
  #samples = [];
  /** The computer's clock minus the monotonic one, when they were last compared. */
  #skewMs;
  /** @type {Doubt | null} */
  #doubt = { name: crypto.randomUUID(), since: -Infinity, latest: -Infinity, steps: [] };

  /** @param {Clocks} [clocks] */
  constructor(clocks = { monotonic: () => performance.now(), wall: () => Date.now() }) {
    super();
    this.clocks = clocks;
    this.#skewMs = this.#aheadMs = clocks.wall() - clocks.monotonic();
  }

  /** The server's time: Unix milliseconds. */
  now() {
    return this.at(this.clocks.monotonic());
  }

  /** The server's time at a reading of the monotonic clock. @param {number} monotonic */
  at(monotonic) {
    return monotonic + this.#aheadMs;
  }

  /** The name of what makes times uncertain now, or "". */
  get doubt() {
    return this.#doubt?.name ?? "";
  }

  /** Since when (monotonic) they are uncertain; before anything was known, always. */
  get doubtfulSince() {
    return this.#doubt?.since ?? Infinity;
  }

  /**
   * Learns from one question to the server.
   * @param {number} asked monotonic
   * @param {number} answered monotonic
   * @param {number} stamp the server's Unix milliseconds, read between the two
   */
  take(asked, answered, stamp) {
    this.look();
    const turnMs = answered - asked;
    if (!(turnMs >= 0 && turnMs <= TURN_MS_MAX && Number.isFinite(stamp))) return;
    // The clocks jumped while it was on its way.
    if (this.#doubt && asked < this.#doubt.latest) return;
    const sample = { aheadMs: stamp - (asked + answered) / 2, turnMs, at: answered };
    const best = this.#best(answered);
    const agrees =
      best && Math.abs(sample.aheadMs - best.aheadMs) <= (sample.turnMs + best.turnMs) / 2 + SLACK_MS;
    const fresh = this.#samples.filter((one) => answered - one.at < SAMPLE_AGE_MS_MAX);
    // One that cannot be true together with the earlier ones: the server's clock was set, or this one stood
    // still.
    this.#samples = agrees ? [...fresh, sample] : [sample];
    const before = this.#aheadMs;
    this.#aheadMs = (this.#best(answered) ?? sample).aheadMs;
    this.#settle(agrees ? 0 : this.#aheadMs - before);
  }

  /** Compares the two clocks; called every now and then. Whether something jumped. */
  look() {
    const now = this.clocks.monotonic();
    const skewMs = this.clocks.wall() - now;
    const byMs = skewMs - this.#skewMs;
    this.#skewMs = skewMs;
    if (Math.abs(byMs) < STEP_MS) return false;
    this.#doubt ??= { name: crypto.randomUUID(), since: now, latest: now, steps: [] };
    this.#doubt.latest = now;
    if (this.#samples.length) this.#doubt.steps.push({ at: now, byMs });
    return true;
  }

  /**
   * The surest sample: the server read its clock somewhere between question and answer.
   * @param {number} now
   */
  #best(now) {
    const unsure = (/** @type {Sample} */ one) => one.turnMs / 2 + DRIFT * (now - one.at);
    return this.#samples.reduce(
      (/** @type {Sample | null} */ best, one) => (best && unsure(best) <= unsure(one) ? best : one),
      null,
    );
  }

  /**
   * Ends a doubt: the monotonic clock had stood still for `movedMs`, or not at all.
   * @param {number} movedMs
   */
  #settle(movedMs) {
    const doubt = this.#doubt;
    if (!doubt) return;
    this.#doubt = null;
    this.#tell("settled", { doubt: doubt.name, movedMs });
    // While it slept the computer's clock went on: so much of the difference is no setting.
    const steps = movedMs
      ? [{ at: doubt.latest, byMs: doubt.steps.reduce((sum, step) => sum + step.byMs, -movedMs) }]
      : doubt.steps;
    for (const { at, byMs } of steps) {
      if (doubt.steps.length && Math.abs(byMs) >= STEP_MS)
        this.#tell("step", { at: this.at(at), byMs: Math.round(byMs) });
    }
  }

  /** @param {string} name @param {Record<string, unknown>} detail */
  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
