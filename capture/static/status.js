/**
 * What the server knows of the session, asked for every two seconds.
 *
 * @typedef {{ recording: boolean, ready?: boolean }} StreamStatus
 * @typedef {{ state: string, started_at: string | null, starts_at: string | null, ends_at: string | null, now: string, identity_images: number, streams: Record<string, StreamStatus> }} Status
 */

const EVERY_MS = 2000;
const REQUEST_MS = 8000;

export class Watch extends EventTarget {
  /** @type {Status | null} */
  status = null;
  /** Server clock minus this computer's clock, in milliseconds. */
  aheadMs = 0;
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
      const answer = await fetch(this.url, { signal: AbortSignal.timeout(REQUEST_MS) });
      if (answer.ok) this.#take(await answer.json());
    } catch {
      // Away for a moment: the next round asks again, and the publishers show the lost connection.
    }
    if (this.#running) this.#timer = setTimeout(() => void this.#round(), EVERY_MS);
  }

  /** @param {Status} status */
  #take(status) {
    this.aheadMs = Date.parse(status.now) - Date.now();
    this.status = status;
    this.dispatchEvent(new Event("status"));
  }
}
