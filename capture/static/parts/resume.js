/**
 * The step of a page that is opened while the session records: when the recording of this computer was
 * interrupted, and one button to go on; or that it goes on elsewhere.
 */

import { one, write } from "/static/look/dom.js";
import { text, timeOfDay } from "./texts.js";

// A page that was just left is heard of for a moment; the second time it is another page.
const OPEN_ROUNDS = 2;

export class Resume {
  #openRounds = 0;

  /**
   * @param {import("./session-status.js").Watch} watch
   * @param {Map<string, unknown>} publishers
   * @param {(instead: boolean) => void} goOn
   */
  constructor(watch, publishers, goOn) {
    this.watch = watch;
    this.publishers = publishers;
    this.root = one('[data-step="resume"]');
    one("#go-on").addEventListener("click", () => goOn(false));
    one("#go-on-here").addEventListener("click", () => goOn(true));
  }

  /** After each status. */
  show() {
    const streams = Object.entries(this.watch.status?.streams ?? {}).filter(([name]) =>
      this.publishers.has(name),
    );
    this.#openRounds = streams.some(([, stream]) => stream.open) ? this.#openRounds + 1 : 0;
    if (this.#openRounds && this.#openRounds < OPEN_ROUNDS && !this.root.dataset.state) return;
    this.root.dataset.state = this.#openRounds >= OPEN_ROUNDS ? "on" : "off";
    const until = Math.max(...streams.map(([, stream]) => Date.parse(stream.until ?? "") || 0));
    if (until > 0) write(one("[data-interrupted]", this.root), text("resume-at", { time: timeOfDay(until) }));
  }
}
