/** One session's time line as the server tells it, kept up to date while the session is live. */

import { ask } from "./problem.js";
import { SessionClock } from "./clock.js";
import { StreamIndex } from "./stream-index.js";

/**
 * @typedef {import("./types.js").TimelineData} TimelineData
 * @typedef {import("./types.js").StreamName} StreamName
 */

/** How often a live session is asked for news. */
const POLL_MS = 2000;

/** Emits `news` after each change. */
export class Timeline extends EventTarget {
  /**
   * @param {string} url
   * @param {TimelineData} data
   */
  constructor(url, data) {
    super();
    this.url = url;
    this.session = data.session;
    this.flags = data.flags;
    this.logs = data.logs;
    this.signals = data.signals;
    this.clock = new SessionClock(data.session.started_at, data.session.zone);
    /** @type {Map<StreamName, StreamIndex>} */
    this.streams = new Map(data.streams.map((stream) => [stream.stream, new StreamIndex(stream)]));
    this.#schedule();
  }

  /** @param {string} url */
  static async load(url) {
    return new Timeline(url, await news(url));
  }

  /** The session's length as far as it is known, in ms; never 0, so that it can be divided by. */
  get durationMs() {
    const ends = [...this.streams.values()].map((index) => index.runs.at(-1)?.end_ms ?? 0);
    return Math.max(1, this.session.duration_ms, ...ends);
  }

  /** Where the newest stored media ends. */
  get edgeMs() {
    return Math.max(0, ...[...this.streams.values()].map((index) => index.runs.at(-1)?.end_ms ?? 0));
  }

  /** Asks for what is new. Throws Problem. */
  async refresh() {
    const data = await news(this.url, this.streams.values());
    const began = !this.session.started_at && data.session.started_at;
    this.session = data.session;
    this.flags = data.flags;
    this.logs = data.logs;
    this.signals = data.signals;
    if (began) this.clock = new SessionClock(data.session.started_at, data.session.zone);
    for (const stream of data.streams) {
      const index = this.streams.get(stream.stream);
      if (index) index.update(stream);
      else this.streams.set(stream.stream, new StreamIndex(stream));
    }
    this.dispatchEvent(new Event("news"));
  }

  #schedule() {
    if (!this.session.live) return;
    setTimeout(async () => {
      // A missed poll changes nothing that is shown; the next one catches up.
      await this.refresh().catch(() => undefined);
      this.#schedule();
    }, POLL_MS);
  }
}

/**
 * The time line, of these streams without the pieces that they have. Throws Problem.
 *
 * @param {string} url
 * @param {Iterable<StreamIndex>} streams
 * @returns {Promise<TimelineData>}
 */
async function news(url, streams = []) {
  const known = [...streams].map(({ name, newest }) => [name, String(newest)]);
  const query = new URLSearchParams([["form", "runs"], ...known]);
  const response = await ask(`${url}?${query}`, { headers: { accept: "application/json" } });
  return response.json();
}
