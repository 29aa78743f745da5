/** The side panel's second half: its tabs, and the decision's fields that only an incident needs. */

/** @param {HTMLElement} side */
export function prepareTabs(side) {
  const tabs = [...side.querySelectorAll("[role=tab]")];
  for (const tab of tabs) {
    tab.addEventListener("click", () => choose(tabs, tab));
    tab.addEventListener("keydown", (event) => {
      const key = /** @type {KeyboardEvent} */ (event).key;
      if (key !== "ArrowLeft" && key !== "ArrowRight") return;
      event.preventDefault();
      event.stopPropagation();
      const next = tabs[(tabs.indexOf(tab) + (key === "ArrowRight" ? 1 : tabs.length - 1)) % tabs.length];
      if (!next) return;
      choose(tabs, next);
      /** @type {HTMLElement} */ (next).focus();
    });
  }
  const named = tabs.find((tab) => location.hash === `#${tab.getAttribute("aria-controls")}`) ?? tabs[0];
  if (named) choose(tabs, named);
}

/** @param {Element[]} tabs @param {Element} chosen */
function choose(tabs, chosen) {
  for (const tab of tabs) {
    const on = tab === chosen;
    tab.setAttribute("aria-selected", String(on));
    tab.setAttribute("tabindex", on ? "0" : "-1");
    document.getElementById(tab.getAttribute("aria-controls") ?? "")?.toggleAttribute("hidden", !on);
  }
}

/** Each field is needed for its own outcome only (`data-for`). @param {HTMLFormElement | null} form */
export function prepareDecision(form) {
  if (!form) return;
  const set = () => {
    const outcome = new FormData(form).get("outcome");
    for (const field of form.querySelectorAll("[data-for]")) {
      field.toggleAttribute("required", field.getAttribute("data-for") === outcome);
    }
  };
  form.addEventListener("change", set);
  set();
}
