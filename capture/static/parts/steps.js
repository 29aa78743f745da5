/** One document, its steps shown one at a time: media streams live on, and Back works. */

import { one } from "/static/look/dom.js";

export class Steps {
  /** Once true, Back no longer leaves the step that is shown. */
  locked = false;

  /** @param {(name: string) => void} entered */
  constructor(entered) {
    this.entered = entered;
    this.sections = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-step]")]);
    this.names = this.sections.map((section) => section.dataset.step ?? "");
    this.current = "";
    addEventListener("popstate", (event) => this.#popped(event.state?.step));
  }

  /** Shows the first step without moving the focus. */
  begin() {
    history.replaceState({ step: this.names[0] }, "");
    this.#show(this.names[0]);
  }

  /** Shows `name`, as a new entry of the history, and moves the focus to its heading. @param {string} name */
  go(name) {
    if (name === this.current) return;
    if (this.locked) history.replaceState({ step: name }, "");
    else history.pushState({ step: name }, "");
    this.#show(name);
    const heading = one("h1", one(`[data-step="${name}"]`));
    heading.tabIndex = -1;
    heading.focus();
    scrollTo({ top: 0 });
  }

  /** The step after the one shown. */
  next() {
    this.go(this.names[this.names.indexOf(this.current) + 1]);
  }

  /** @param {string | undefined} name */
  #popped(name) {
    if (this.locked || !name || !this.names.includes(name)) {
      history.pushState({ step: this.current }, "");
      return;
    }
    this.#show(name);
  }

  /** @param {string} name */
  #show(name) {
    this.current = name;
    for (const section of this.sections) section.hidden = section.dataset.step !== name;
    const items = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-step-name]")]);
    const at = items.findIndex((item) => item.dataset.stepName === name);
    items.forEach((item, index) => {
      item.classList.toggle("is-past", index < at);
      if (index === at) item.setAttribute("aria-current", "step");
      else item.removeAttribute("aria-current");
    });
    const list = document.querySelector(".steps");
    if (list) /** @type {HTMLElement} */ (list).hidden = at < 0;
    document.title = one(`[data-step="${name}"]`).dataset.title ?? document.title;
    this.entered(name);
  }
}
