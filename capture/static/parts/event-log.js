/**
 * A log of this page on its way to the server: events wait in a bounded queue and go in batches; a batch is
 * gone only once the server has it. While it is away the oldest are kept, and how many came too many is
 * written into the log itself. What waits when the page is loaded again waits on in the tab's own storage,
 * and is sent then.
 *
 * Every time is the server's, so that none depends on the computer's clock. Events: `sent`, `away`,
 * `refused`.
 */

const EVENTS_PER_BATCH = 64;
const QUEUE_MAX = 1000;
const EVERY_MS = 4000;
const REQUEST_MS = 10_000;
// What a browser still sends for a page that is left (Fetch standard: 64 KiB for all of a page's requests).
const LEAVING_BYTES_MAX = 60_000;

/** @typedef {{ id: string, at: string, type: string } & Record<string, unknown>} Entry */

export class EventLog extends EventTarget {
  /** @type {Entry[]} */
  #queue = [];
  /** Entries whose time may yet be moved, by the clock's doubt. @type {Map<Entry, string>} */
  #doubtful = new Map();
  #missed = 0;
  /** @type {Promise<void> | null} */
  #sending = null;
  /** @type {number | undefined} */
  #timer = undefined;

  /**
   * @param {string} url
   * @param {string} token  "" where the exam keeps no log: then nothing is kept here either
   * @param {import("../keep/server-clock.js").ServerClock} clock
   */
  constructor(url, token, clock) {
    super();
    this.url = url;
    this.token = token;
    this.clock = clock;
    if (!token) return;
    this.#recall();
    clock.addEventListener("settled", (event) => this.#settled(/** @type {CustomEvent} */ (event).detail));
    addEventListener("pagehide", () => this.#leave());
    this.#timer = setInterval(() => void this.send(), EVERY_MS);
  }

  /**
   * @param {string} type
   * @param {Record<string, unknown>} [fields]
   * @param {number} [at] by the server's clock
   */
  add(type, fields = {}, at = this.clock.now()) {
    if (!this.token) return;
    if (this.#queue.length >= QUEUE_MAX) this.#missed += 1;
    else {
      const entry = { id: crypto.randomUUID(), at: iso(at), type, ...fields };
      this.#queue.push(entry);
      if (this.clock.doubt) this.#doubtful.set(entry, this.clock.doubt);
    }
  }

  /** Nothing more comes: sends what is left. */
  async end() {
    clearInterval(this.#timer);
    await this.#sending;
    await this.send();
  }

  /** One batch at a time, until nothing waits or the server is away. */
  send() {
    this.#sending ??= this.#sendAll().finally(() => (this.#sending = null));
    return this.#sending;
  }

  async #sendAll() {
    while (this.#queue.length) {
      const batch = this.#queue.slice(0, EVENTS_PER_BATCH);
      const answer = await this.#post(batch, AbortSignal.timeout(REQUEST_MS)).catch(() => null);
      if (!answer || answer.status === 429 || answer.status >= 500) return this.#say("away");
      if (!answer.ok) return this.#refused();
      this.#queue.splice(0, batch.length);
      if (this.#missed) {
        this.add("missed", { count: this.#missed });
        this.#missed = 0;
      }
      this.#say("sent");
    }
    return undefined;
  }

  /** The server wants nothing more of this page. */
  #refused() {
    this.#queue = [];
    clearInterval(this.#timer);
    this.#say("refused");
  }

  /** @param {{ doubt: string, movedMs: number }} what */
  #settled({ doubt, movedMs }) {
    for (const [entry, name] of this.#doubtful)
      if (name === doubt) entry.at = iso(Date.parse(entry.at) + movedMs);
    this.#doubtful.clear();
  }

  /**
   * As the page goes: what waits is kept in the tab, and what fits is sent in a request that outlives the
   * page. Sent twice, events are known again by their ids.
   */
  #leave() {
    if (!this.#queue.length) return;
    this.#store((storage) =>
      storage.setItem(this.url, JSON.stringify({ queue: this.#queue, missed: this.#missed })),
    );
    let size = 0;
    const fits = this.#queue
      .slice(0, EVENTS_PER_BATCH)
      .filter((entry) => (size += JSON.stringify(entry).length * 3) < LEAVING_BYTES_MAX);
    void this.#post(fits, null).catch(() => undefined);
  }

  /** What waited when this tab last left the page. */
  #recall() {
    this.#store((storage) => {
      const kept = storage.getItem(this.url);
      storage.removeItem(this.url);
      if (kept) ({ queue: this.#queue, missed: this.#missed } = JSON.parse(kept));
    });
  }

  /** @param {(storage: Storage) => void} act */
  #store(act) {
    try {
      act(sessionStorage);
    } catch {
      // A browser that keeps nothing, or not so much; the exam does not hang on it.
    }
  }

  /** @param {Entry[]} events @param {AbortSignal | null} signal */
  #post(events, signal) {
    return fetch(this.url, {
      method: "POST",
      headers: { Authorization: `Bearer ${this.token}`, "Content-Type": "application/json" },
      body: JSON.stringify({ log: "activity", sent_at: iso(this.clock.now()), events }),
      // Like a beacon, but with the token: it is sent also while the page is being left.
      keepalive: signal === null,
      signal,
    });
  }

  /** @param {string} name */
  #say(name) {
    this.dispatchEvent(new Event(name));
  }
}

/** RFC 3339 of Unix milliseconds. @param {number} ms */
const iso = (ms) => new Date(ms).toISOString();
