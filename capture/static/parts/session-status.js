/**
 * What the server knows of the session, asked for every two seconds; twice a second until the first pieces of
 * a session that has just begun are stored.
 *
 * `open`: connected; `recording`: and lately stored.
 * @typedef {object} StreamStatus
 * @property {boolean} open
 * @property {boolean} recording
 * @property {boolean} storable
 * @property {string | null} until
 * @property {boolean} [ready]
 *
 * @typedef {object} Status
 * @property {string} state
 * @property {string | null} started_at
 * @property {string | null} starts_at
 * @property {string | null} ends_at
 * @property {string} now
 * @property {number} identity_images
 * @property {boolean} kept
 * @property {string | null} ended_why
 * @property {string[]} needed
 * @property {Record<string, StreamStatus>} streams
 */

import { ServerClock } from "../keep/server-clock.js";

const EVERY_MS = 2000;
const BEGINNING_EVERY_MS = 500;
const BEGINNING_MS = 10_000;
const REQUEST_MS = 8000;
// What the server said of itself longer ago is not known any more.
const HEARD_MS_MAX = 8000;

export class Watch extends EventTarget {
  /** @type {Status | null} */
  status = null;
  /** When that came (`performance.now()` milliseconds). */
  heardAt = 0;
  /** The server's, as each answer tells it. */
  clock = new ServerClock();
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

  /** Whether the server was heard of lately: what it said holds. */
  get fresh() {
    return this.status !== null && performance.now() - this.heardAt <= HEARD_MS_MAX;
  }

  /** Milliseconds since the session began, or null before. */
  elapsed() {
    const started = this.status?.started_at;
    return started ? this.clock.now() - Date.parse(started) : null;
  }

  /** Milliseconds from now to an instant, by the server's clock. @param {string} instant */
  until(instant) {
    return Date.parse(instant) - this.clock.now();
  }

  /** Whether the session has just begun, and a stream that it needs is not yet recorded. */
  get #beginning() {
    const elapsed = this.elapsed();
    if (elapsed === null || elapsed > BEGINNING_MS) return false;
    return !this.status?.needed.every((stream) => this.status?.streams[stream]?.recording);
  }

  async #round() {
    try {
      const asked = performance.now();
      const answer = await fetch(this.url, { cache: "no-store", signal: AbortSignal.timeout(REQUEST_MS) });
      const answered = performance.now();
      if (answer.ok) this.#take(await answer.json(), asked, answered);
    } catch {
      // Away for a moment: the next round asks again, and the publishers show the lost connection.
    }
    this.clock.look();
    if (this.#running)
      this.#timer = setTimeout(() => void this.#round(), this.#beginning ? BEGINNING_EVERY_MS : EVERY_MS);
  }

  /** @param {Status} status @param {number} asked @param {number} answered */
  #take(status, asked, answered) {
    this.clock.take(asked, answered, Date.parse(status.now));
    this.status = status;
    this.heardAt = answered;
    this.dispatchEvent(new Event("status"));
  }
}
