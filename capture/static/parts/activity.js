/**
 * What happens on this page while it records goes into the activity log: focus, sight, full screen, that
 * something was pasted and how long it was, displays, the computer's clock being set; and what a companion
 * extension tells this page. Never what was pasted or typed.
 */

import { maybe, one, write } from "/static/look/dom.js";
import { text } from "./texts.js";

const TITLE_CHARS_MAX = 300;
const URL_CHARS_MAX = 2048;

export class Activity {
  /** @type {AbortController | null} */
  #listening = null;

  /** @param {import("./event-log.js").EventLog} log */
  constructor(log) {
    this.log = log;
    log.addEventListener("sent", () => this.#showIf("sign-on", "on"));
    log.addEventListener("away", () => this.#showIf("sign-reconnecting", "wait"));
    log.addEventListener("refused", () => void this.end());
  }

  /** From the start of the recording on. */
  begin() {
    if (!this.log.token || this.#listening) return;
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    /** @type {(target: EventTarget, name: string, act: (event: Event) => void) => void} */
    const on = (target, name, act) => target.addEventListener(name, act, { signal });
    const add = this.log.add.bind(this.log);
    on(window, "blur", () => add("focus-lost"));
    on(window, "focus", () => add("focus-gained"));
    on(document, "visibilitychange", () => add(document.hidden ? "page-hidden" : "page-shown"));
    on(document, "fullscreenchange", () =>
      add(document.fullscreenElement ? "fullscreen-entered" : "fullscreen-left"),
    );
    on(document, "paste", (event) => {
      const pasted = /** @type {ClipboardEvent} */ (event).clipboardData?.getData("text") ?? "";
      add("paste", { chars: pasted.length });
    });
    const display = /** @type {Screen & { isExtended?: boolean, addEventListener?: unknown }} */ (screen);
    const told = () => add("display-change", { extended: display.isExtended ?? null });
    told();
    if (display.addEventListener)
      on(/** @type {EventTarget} */ (/** @type {unknown} */ (display)), "change", told);
    on(this.log.clock, "step", (event) => {
      const { at, byMs } = /** @type {CustomEvent} */ (event).detail;
      add("clock-set", { by_ms: byMs }, at);
    });
    on(window, "message", (event) => this.#hear(/** @type {MessageEvent} */ (event)));
    postMessage({ proctoring: "begin" }, location.origin);
    this.#show("sign-on", "on");
  }

  /** To the end of the recording: sends what is left. Harmless to repeat. */
  async end() {
    if (!this.#listening) return;
    this.#listening.abort();
    this.#listening = null;
    postMessage({ proctoring: "end" }, location.origin);
    this.#show("sign-off", "off");
    await this.log.end();
  }

  /** What the companion extension tells. @param {MessageEvent} event */
  #hear(event) {
    if (event.source !== window || event.origin !== location.origin) return;
    const { proctoring, url, title } = event.data ?? {};
    if (proctoring === "visited" && typeof url === "string" && url) {
      this.log.add("url", {
        url: url.slice(0, URL_CHARS_MAX),
        title: String(title ?? "").slice(0, TITLE_CHARS_MAX),
      });
    } else if (proctoring === "started") {
      this.log.add("companion-started");
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
