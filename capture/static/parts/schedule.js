/**
 * The candidate's time: waiting until the start, what is left, and a soft end. Nothing is cut off without a
 * word: when the time is over the page says so, and ends only after the grace.
 */

import { duration, maybe, write } from "/static/look/dom.js";
import { text, timeOfDay } from "./texts.js";

const EVERY_MS = 1000;
const SOON_MS = 5 * 60_000;

export class Schedule {
  /** When the end comes by itself, once the time is over (`performance.now()` milliseconds). */
  #endsAt = 0;
  #ended = false;

  /**
   * @param {HTMLElement} page its `data-grace-s` is the grace
   * @param {import("./session-status.js").Watch} watch
   * @param {{ tick: () => void, over: () => void }} act `tick` every second, `over` once when the grace has
   *   passed
   */
  constructor(page, watch, act) {
    this.page = page;
    this.watch = watch;
    this.act = act;
    setInterval(() => this.#tick(), EVERY_MS);
  }

  /** What to say while the start is still to come, or "". */
  waiting() {
    const at = this.watch.status?.starts_at;
    const left = at ? this.watch.until(at) : 0;
    return at && left > 0
      ? text("wait-start", { time: timeOfDay(Date.parse(at)), left: duration(left + EVERY_MS) })
      : "";
  }

  /** Shows what is left, while recording. @param {boolean} recording */
  show(recording) {
    const at = recording ? this.watch.status?.ends_at : null;
    const left = at ? this.watch.until(at) : Infinity;
    const state = left === Infinity ? "" : left > SOON_MS ? "running" : left > 0 ? "soon" : "over";
    if (state !== "over") this.#endsAt = 0;
    else this.#endsAt ||= performance.now() + 1000 * Number(this.page.dataset.graceS);
    const graceMs = this.#endsAt ? Math.max(0, this.#endsAt - performance.now()) : 0;
    for (const name of ["running", "soon", "over"])
      maybe(`[data-time="${name}"]`, (part) => (part.hidden = name !== state));
    for (const place of document.querySelectorAll("[data-time-left]"))
      write(place, duration(Math.max(0, left)));
    for (const place of document.querySelectorAll("[data-grace-left]")) write(place, duration(graceMs));
    if (state === "over" && !graceMs && !this.#ended) {
      this.#ended = true;
      this.act.over();
    }
  }

  #tick() {
    const status = this.watch.status;
    if (status?.starts_at || status?.ends_at) this.act.tick();
  }
}
