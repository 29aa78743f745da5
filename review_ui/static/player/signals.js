/**
 * The session's signals: opened once, and again while it is live and grows; the list of what was measured
 * when.
 */

import { element } from "/static/look/dom.js";
import { ask } from "./problem.js";
import { inOrder, told } from "./signal-lane.js";

/**
 * @typedef {import("./conductor.js").Conductor} Conductor
 * @typedef {import("./lanes.js").Lanes} Lanes
 * @typedef {import("./types.js").StreamSignals} StreamSignals
 * @typedef {import("./thumbnails.js").Thumbnails} Thumbnails
 */

export class Signals {
  #list;
  #count;
  #url;
  #conductor;
  #lanes;
  #thumbnails;
  #report;
  /** How many sheets of each stream were there when it was last opened. @type {Map<string, number>} */
  #opened = new Map();

  /**
   * @param {HTMLElement} side
   * @param {string} url  of the signals, without the stream
   * @param {Conductor} conductor
   * @param {Lanes} lanes
   * @param {Thumbnails} thumbnails
   * @param {(problem: unknown) => void} report
   */
  constructor(side, url, conductor, lanes, thumbnails, report) {
    this.#list = side.querySelector("[data-signal-list]");
    this.#count = side.querySelector("[data-signal-count]");
    this.#url = url;
    this.#conductor = conductor;
    this.#lanes = lanes;
    this.#thumbnails = thumbnails;
    this.#report = report;
    for (const place of [this.#list, lanes.root.querySelector("[data-lane=signals]")]) {
      place?.addEventListener("click", (event) => {
        const signal = /** @type {Element} */ (event.target).closest("[data-ms]");
        if (signal) conductor.seek(Number(signal.getAttribute("data-ms")));
      });
    }
    conductor.timeline.addEventListener("news", () => void this.#open());
    void this.#open();
  }

  /** Opens what is new; of an erased stream there is nothing to open. */
  async #open() {
    const grown = this.#conductor.timeline.signals.filter(
      (head) => head.sheets > (this.#opened.get(head.stream) ?? 0),
    );
    const living = grown.filter((head) => head.state === "open" || head.state === "retained");
    if (!living.length || !this.#list) return;
    for (const head of living) this.#opened.set(head.stream, head.sheets);
    try {
      for (const head of living) {
        const answer = await ask(`${this.#url}/${head.stream}.json`, {
          headers: { accept: "application/json" },
        });
        const found = /** @type {StreamSignals} */ (await answer.json());
        this.#lanes.signals.set(head.stream, found.signals);
        this.#thumbnails.know(head.stream, found.sheets);
      }
    } catch (error) {
      for (const head of living) this.#opened.delete(head.stream);
      this.#report(error);
    }
    this.#write();
    this.#lanes.draw();
  }

  /** All of them in one list, in the order of the time line. */
  #write() {
    const lines = inOrder(this.#lanes.signals).map(([stream, signal]) => {
      const [what, how] = told(stream, signal);
      const { clock } = this.#conductor.timeline;
      const words = element("span", "what", what);
      words.append(element("span", "under", how));
      const button = element("button", "log-line", element("span", "num", clock.civil(signal.start_ms)));
      button.setAttribute("type", "button");
      button.setAttribute("data-ms", String(signal.start_ms));
      button.append(words);
      return element("li", "", button);
    });
    this.#list?.replaceChildren(...lines);
    if (this.#count) this.#count.textContent = String(lines.length);
  }
}
