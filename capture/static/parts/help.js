/**
 * What the candidate says to the proctor during the exam, and the answers. The recording goes on meanwhile.
 */

import { element, isolated, one } from "/static/look/dom.js";
import { complain, text, timeOfDay } from "./texts.js";

/**
 * @typedef {object} Said
 * @property {"help" | "away"} kind
 * @property {string} text
 * @property {string} asked_at
 * @property {string | null} answer
 * @property {boolean} ended
 */

const SHOWN_MAX = 4;

export class Help {
  #shown = "";
  /** Whether something may have come since: at first, and while a call is not answered. */
  #waits = true;

  /** @param {HTMLElement} root @param {import("./session-status.js").Watch} watch */
  constructor(root, watch) {
    this.root = root;
    this.home = root.dataset.home ?? "";
    this.list = one("[data-said]", root);
    this.failed = one("#help-failed", root);
    const form = /** @type {HTMLFormElement} */ (one("form", root));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#ask(form);
    });
    one("#away", root).addEventListener("click", () => void this.#tell("help", { kind: "away" }));
    one("#back", root).addEventListener("click", () => void this.#tell("back", {}));
    watch.addEventListener("status", () => this.#waits && void this.#renew());
  }

  /** @param {HTMLFormElement} form */
  async #ask(form) {
    const words = /** @type {HTMLTextAreaElement} */ (one("textarea", form));
    if (await this.#tell("help", { kind: "help", text: words.value })) words.value = "";
  }

  /** @param {string} what @param {Record<string, string>} fields */
  async #tell(what, fields) {
    complain(this.failed, "");
    const answer = await fetch(`${this.home}/${what}`, {
      method: "POST",
      body: new URLSearchParams(fields),
    }).catch(() => null);
    if (!answer?.ok) complain(this.failed, "help-failed");
    else await this.#renew();
    return Boolean(answer?.ok);
  }

  async #renew() {
    const answer = await fetch(`${this.home}/help.json`).catch(() => null);
    if (!answer?.ok) return;
    /** @type {{ requests: Said[] }} */
    const { requests } = await answer.json();
    this.#waits = requests.some((one) => one.kind === "help" && one.answer === null);
    this.root.dataset.away = requests.some((one) => one.kind === "away" && !one.ended) ? "yes" : "no";
    const known = JSON.stringify(requests);
    if (known === this.#shown) return;
    this.#shown = known;
    this.list.replaceChildren(...requests.slice(0, SHOWN_MAX).map(line));
  }
}

/** @param {Said} said */
function line(said) {
  const item = element("li", "");
  const time = timeOfDay(Date.parse(said.asked_at));
  item.append(element("p", "quiet", `${time} ${isolated(said.text || text("help-away"))}`));
  if (said.answer !== null) item.append(element("p", "answer", text("help-answer", { answer: said.answer })));
  else if (said.kind === "help") item.append(element("p", "quiet", text("help-waiting")));
  return item;
}
