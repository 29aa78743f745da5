/** The list of flags: which one is current, moving between them, confirming and dismissing. */

import { ask, Problem } from "./problem.js";
import { renew } from "./renew.js";

/**
 * @typedef {import("./conductor.js").Conductor} Conductor
 * @typedef {import("./lanes.js").Lanes} Lanes
 */

/** A flag is shown with the moments before it. */
const LEAD_IN_MS = 2000;

export class Flags {
  #panel;
  #conductor;
  #lanes;
  #report;

  /**
   * @param {HTMLElement} panel  holds the list; renewed in place after every change
   * @param {Conductor} conductor
   * @param {Lanes} lanes
   * @param {(problem: unknown) => void} report
   */
  constructor(panel, conductor, lanes, report) {
    this.#panel = panel;
    this.#conductor = conductor;
    this.#lanes = lanes;
    this.#report = report;
    /** @type {string | null} */
    this.current = null;
    panel.addEventListener("click", (event) => {
      const line = /** @type {HTMLElement} */ (event.target).closest("a.flag-line");
      if (!line) return;
      event.preventDefault();
      this.show(line.closest(".flag")?.getAttribute("data-flag") ?? "");
    });
    panel.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#send(/** @type {HTMLFormElement} */ (event.target), event.submitter);
    });
    lanes.root.addEventListener("click", (event) => {
      const link = /** @type {Element} */ (event.target).closest("[data-flag]");
      if (!link) return;
      event.preventDefault();
      this.show(link.getAttribute("data-flag") ?? "");
    });
  }

  /** Makes a flag current and goes to its moment. @param {string} id */
  show(id) {
    const flag = this.#conductor.timeline.flags.find((one) => one.id === id);
    if (!flag) return;
    this.#select(id);
    this.#conductor.seek(Math.max(0, flag.start_ms - (flag.source === "proctor" ? 0 : LEAD_IN_MS)));
  }

  /**
   * To the next (1) or previous (-1) flag after the current one, or after this moment.
   * @param {1 | -1} direction
   */
  move(direction) {
    const flags = [...this.#conductor.timeline.flags].sort((a, b) => a.start_ms - b.start_ms);
    const place = flags.findIndex((flag) => flag.id === this.current);
    const now = this.#conductor.positionMs;
    const next =
      place >= 0
        ? flags[place + direction]
        : direction > 0
          ? flags.find((flag) => flag.start_ms > now)
          : flags.findLast((flag) => flag.start_ms < now);
    if (next) this.show(next.id);
  }

  /** Presses the current flag's button. @param {"confirmed" | "dismissed"} state */
  decide(state) {
    const button = this.#panel.querySelector(`.flag.is-now button[name=state][value=${state}]`);
    if (button instanceof HTMLButtonElement && !button.disabled) button.click();
  }

  /** @param {string} id */
  #select(id) {
    this.current = id;
    this.#lanes.currentFlag = id;
    for (const item of this.#panel.querySelectorAll(".flag")) {
      const now = item.getAttribute("data-flag") === id;
      item.classList.toggle("is-now", now);
      const line = item.querySelector(".flag-line");
      if (now) line?.setAttribute("aria-current", "true");
      else line?.removeAttribute("aria-current");
      if (now) item.scrollIntoView({ block: "nearest" });
    }
    this.#lanes.draw();
  }

  /** @param {HTMLFormElement} form @param {HTMLElement | null} submitter */
  async #send(form, submitter) {
    try {
      await ask(form.action, { method: "POST", body: new URLSearchParams(fields(form, submitter)) });
      await Promise.all([renew(), this.#conductor.timeline.refresh()]);
      if (this.current) this.#select(this.current);
    } catch (error) {
      this.#report(error instanceof Problem ? error : new Problem(0, "", ""));
    }
  }
}

/**
 * A form's fields as strings, with the button that sends it.
 *
 * @param {HTMLFormElement} form
 * @param {HTMLElement | null} submitter
 * @returns {[string, string][]}
 */
export function fields(form, submitter) {
  return [...new FormData(form, submitter)].map(([name, value]) => [name, String(value)]);
}
