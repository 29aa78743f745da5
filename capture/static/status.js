/**
 * What the server knows of the session, asked for every two seconds.
 *
 * @typedef {{ recording: boolean, ready?: boolean }} StreamStatus
 * @typedef {{ state: string, started_at: string | null, starts_at: string | null, ends_at: string | null, now: string, identity_images: number, streams: Record<string, StreamStatus> }} Status
 */

const EVERY_MS = 2000;
const REQUEST_MS = 8000;
const SURE_MS = 5 * 60_000; // clocks drift, and are set

export class Watch extends EventTarget {
  /** @type {Status | null} */
  status = null;
  /** Server clock minus this computer's clock, in milliseconds, by the quickest answer of late. */
  aheadMs = 0;
  #quickest = { ms: Infinity, at: 0 };
  /** @type {number | undefined} */
  #timer = undefined;
  #running = false;

  /** @param {string} url */
  constructor(url) {
    super();
    this.url = url;
  }

  start() {
    if (this.#running) return;
    this.#running = true;
    void this.#round();
  }

  stop() {
    this.#running = false;
    clearTimeout(this.#timer);
  }

  /** Milliseconds since the session began, or null before. */
  elapsed() {
    const started = this.status?.started_at;
    return started ? Date.now() + this.aheadMs - Date.parse(started) : null;
  }

  /** Milliseconds from now to an instant, by the server's clock. @param {string} instant */
  until(instant) {
    return Date.parse(instant) - Date.now() - this.aheadMs;
  }

  async #round() {
    try {
      const asked = Date.now();
      const answer = await fetch(this.url, { signal: AbortSignal.timeout(REQUEST_MS) });
      if (answer.ok) this.#take(await answer.json(), asked);
    } catch {
      // Away for a moment: the next round asks again, and the publishers show the lost connection.
    }
    if (this.#running) this.#timer = setTimeout(() => void this.#round(), EVERY_MS);
  }

  /** @param {Status} status @param {number} asked when, by this computer's clock */
  #take(status, asked) {
    const now = Date.now();
    const ms = now - asked;
    // The server read its clock somewhere between question and answer: the shorter, the surer.
    if (ms <= this.#quickest.ms || now - this.#quickest.at > SURE_MS) {
      this.#quickest = { ms, at: now };
      this.aheadMs = Date.parse(status.now) - (asked + ms / 2);
    }
    this.status = status;
    this.dispatchEvent(new Event("status"));
  }
}
