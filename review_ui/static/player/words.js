/**
 * The player's words. The page carries them, translated, as `<li data-word="key">text with {figures}</li>`
 * in `#words`, so that no module holds a sentence.
 */

import { isolated } from "/static/look/dom.js";

/** @type {Map<string, string>} */
const words = new Map();

/** Reads the page's words; call once, before anything speaks. */
export function readWords() {
  for (const item of document.querySelectorAll("#words [data-word]")) {
    words.set(item.getAttribute("data-word") ?? "", item.textContent ?? "");
  }
}

/**
 * The sentence called `key` with its `{names}` filled in; the key itself when the page has no such words.
 *
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export function say(key, values = {}) {
  return (words.get(key) ?? key).replace(/\{(\w+)\}/g, (_, name) => isolated(values[name] ?? ""));
}

/**
 * A length of time in the two largest units: `3 min 20 s`, `26 s`.
 *
 * @param {number} ms
 */
export function length(ms) {
  const s = Math.max(1, Math.round(ms / 1000));
  if (s < 60) return say("seconds", { s });
  const min = Math.floor(s / 60);
  if (min < 60) return s % 60 ? say("minutes-seconds", { min, s: s % 60 }) : say("minutes", { min });
  return say("hours-minutes", { h: Math.floor(min / 60), min: min % 60 });
}
