/** Parts of a page: found, made, written. For the pages of candidates and of staff. */

/** Letters from right to left, and characters that set a direction. */
const TURNS = new RegExp(
  "[\\u0590-\\u08ff\\u200f\\u202a-\\u202e\\u2066-\\u2069\\ufb1d-\\ufdff\\ufe70-\\ufefc" +
    "\\u{10800}-\\u{10fff}\\u{1e800}-\\u{1efff}]",
  "u",
);

/**
 * Somebody's words for use within a sentence: those that would turn it stand between FSI and PDI, as
 * `proctoring.text.isolated` has it on the server.
 *
 * @param {string | number} words
 */
export function isolated(words) {
  return TURNS.test(String(words)) ? `\u2068${words}\u2069` : String(words);
}

/** `HH:MM:SS` of a span of milliseconds; a negative one is zero. @param {number} ms */
export function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}

/**
 * The one element that matches; its absence is a mistake of the page.
 * @param {string} selector
 * @param {ParentNode} [within]
 * @returns {HTMLElement}
 */
export function one(selector, within = document) {
  const found = within.querySelector(selector);
  if (!found) throw new Error(`nothing matches ${selector}`);
  return /** @type {HTMLElement} */ (found);
}

/**
 * Calls `act` for the element that matches, where there is one.
 * @param {string} selector
 * @param {(element: HTMLElement) => void} act
 */
export function maybe(selector, act) {
  const found = document.querySelector(selector);
  if (found) act(/** @type {HTMLElement} */ (found));
}

/**
 * Calls `act` at each press of a button that matches.
 * @param {string} selector
 * @param {() => void} act
 */
export function press(selector, act) {
  for (const button of document.querySelectorAll(selector)) button.addEventListener("click", act);
}

/**
 * A new element with its class, or without one for "".
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} kind
 * @param {(string | Node)[]} content
 */
export function element(tag, kind, ...content) {
  const made = document.createElement(tag);
  if (kind) made.className = kind;
  made.append(...content);
  return made;
}

/**
 * Sets text only when it differs, so that a screen reader hears changes and nothing else.
 * @param {Element | null | undefined} place  may be absent from a page
 * @param {string} words
 */
export function write(place, words) {
  if (place && place.textContent !== words) place.textContent = words;
}

/**
 * Puts copies of what `source` contains in place of what `place` contains.
 * @param {Element} place
 * @param {Element} source  also of another document
 */
export function refill(place, source) {
  place.replaceChildren(...[...source.childNodes].map((node) => document.importNode(node, true)));
}
