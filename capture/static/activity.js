/**
 * The activity log of this page, while it records: focus, sight, full screen, that something was pasted and how
 * long it was, displays; and what a companion extension tells this page. Never what was pasted or typed.
 *
 * Events wait in a bounded queue and go in batches; a batch is gone only once the server has it. While it is
 * away the oldest are kept, and how many came too many is written into the log itself. What waits when the page
 * is loaded again waits on in the tab's own storage, and is sent then.
 */

import { maybe, one, text, write } from "./page.js";

const EVENTS_PER_BATCH = 64;
const QUEUE_MAX = 1000;
const EVERY_MS = 4000;
const REQUEST_MS = 10_000;
// What a browser still sends for a page that is left (Fetch standard: 64 KiB for all of a page's requests).
const LEAVING_BYTES_MAX = 60_000;
const TITLE_CHARS_MAX = 300;
const URL_CHARS_MAX = 2048;

/** @typedef {{ id: string, at: string, type: string } & Record<string, unknown>} Entry */

export class Activity {
  /** @type {Entry[]} */
  #queue = [];
  #missed = 0;
  /** @type {AbortController | null} */
  #listening = null;
  /** @type {Promise<void> | null} */
  #sending = null;
  /** @type {number | undefined} */
  #timer = undefined;

  /** @param {HTMLElement} page  carries `data-events` and `data-token-events` where the exam keeps the log */
  constructor(page) {
    this.url = page.dataset.events ?? "";
    this.token = page.dataset.tokenEvents ?? "";
    if (!this.token) return;
    this.#recall();
    addEventListener("pagehide", () => this.#leave());
    this.#timer = setInterval(() => void this.#send(), EVERY_MS);
  }

  /** From the start of the recording on. */
  begin() {
    if (!this.token || this.#listening) return;
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    /** @type {(target: EventTarget, name: string, act: (event: Event) => void) => void} */
    const on = (target, name, act) => target.addEventListener(name, act, { signal });
    on(window, "blur", () => this.add("focus-lost"));
    on(window, "focus", () => this.add("focus-gained"));
    on(document, "visibilitychange", () => this.add(document.hidden ? "page-hidden" : "page-shown"));
    on(document, "fullscreenchange", () => this.add(document.fullscreenElement ? "fullscreen-entered" : "fullscreen-left"));
    on(document, "paste", (event) => {
      const pasted = /** @type {ClipboardEvent} */ (event).clipboardData?.getData("text") ?? "";
      this.add("paste", { chars: pasted.length });
    });
    const display = /** @type {Screen & { isExtended?: boolean, addEventListener?: unknown }} */ (screen);
    const told = () => this.add("display-change", { extended: display.isExtended ?? null });
    told();
    if (display.addEventListener) on(/** @type {EventTarget} */ (/** @type {unknown} */ (display)), "change", told);
    on(window, "message", (event) => this.#hear(/** @type {MessageEvent} */ (event)));
    postMessage({ proctoring: "begin" }, location.origin);
    this.#show("sign-on", "on");
  }

  /** To the end of the recording: sends what is left. Harmless to repeat. */
  async end() {
    if (!this.#listening) return;
    this.#listening.abort();
    this.#listening = null;
    clearInterval(this.#timer);
    postMessage({ proctoring: "end" }, location.origin);
    this.#show("sign-off", "off");
    await this.#sending;
    await this.#send();
  }

  /** @param {string} type @param {Record<string, unknown>} [fields] */
  add(type, fields = {}) {
    if (this.#queue.length >= QUEUE_MAX) this.#missed += 1;
    else this.#queue.push({ id: crypto.randomUUID(), at: new Date().toISOString(), type, ...fields });
  }

  /** One batch at a time, until nothing waits or the server is away. */
  #send() {
    this.#sending ??= this.#sendAll().finally(() => (this.#sending = null));
    return this.#sending;
  }

  async #sendAll() {
    while (this.#queue.length) {
      const batch = this.#queue.slice(0, EVENTS_PER_BATCH);
      const answer = await this.#post(batch, AbortSignal.timeout(REQUEST_MS)).catch(() => null);
      if (!answer || answer.status === 429 || answer.status >= 500) return this.#showIf("sign-reconnecting", "wait");
      if (!answer.ok) return this.#refused();
      this.#queue.splice(0, batch.length);
      if (this.#missed) {
        this.add("missed", { count: this.#missed });
        this.#missed = 0;
      }
      this.#showIf("sign-on", "on");
    }
    return undefined;
  }

  /** The server wants nothing more of this page: it says so, and stops listening. */
  #refused() {
    this.#queue = [];
    void this.end();
  }

  /**
   * As the page goes: what waits is kept in the tab, and what fits is sent in a request that outlives the page.
   * Sent twice, events are known again by their ids.
   */
  #leave() {
    if (!this.#queue.length) return;
    this.#store((storage) => storage.setItem(this.url, JSON.stringify({ queue: this.#queue, missed: this.#missed })));
    let size = 0;
    const fits = this.#queue.slice(0, EVENTS_PER_BATCH).filter((entry) => (size += JSON.stringify(entry).length * 3) < LEAVING_BYTES_MAX);
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
      body: JSON.stringify({ log: "activity", sent_at: new Date().toISOString(), events }),
      // Like a beacon, but with the token: it is sent also while the page is being left.
      keepalive: signal === null,
      signal,
    });
  }

  /** What the companion extension tells. @param {MessageEvent} event */
  #hear(event) {
    if (event.source !== window || event.origin !== location.origin) return;
    const { proctoring, url, title } = event.data ?? {};
    if (proctoring === "visited" && typeof url === "string" && url) {
      this.add("url", { url: url.slice(0, URL_CHARS_MAX), title: String(title ?? "").slice(0, TITLE_CHARS_MAX) });
    } else if (proctoring === "started") {
      this.add("companion-started");
      maybe("[data-companion]", (part) => (part.hidden = false));
    }
  }

  /** Only while it listens. @param {string} key @param {string} sign */
  #showIf(key, sign) {
    if (this.#listening) this.#show(key, sign);
  }

  /** @param {string} key @param {string} sign */
  #show(key, sign) {
    maybe("[data-logged]", (row) => {
      const mark = one("[data-sign]", row);
      mark.className = `sign sign-${sign}`;
      write(mark, text(key));
    });
  }
}
