/**
 * After a change, the page's own server-rendered parts are fetched again and put in place: one renderer,
 * no second set of templates. Parts carry `data-renew` and an id; one in which somebody writes stays.
 */

import { refill } from "/static/look/dom.js";
import { ask } from "./problem.js";

/** Throws Problem. */
export async function renew() {
  const response = await ask(location.pathname, { headers: { accept: "text/html" } });
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const part of document.querySelectorAll("[data-renew]")) {
    if (isBeingWritten(part)) continue;
    const next = fresh.getElementById(part.id);
    if (next) refill(part, next);
  }
}

/** @param {Element} part */
function isBeingWritten(part) {
  return [...part.querySelectorAll("textarea")].some((field) => field.value !== field.defaultValue);
}
