/**
 * The player's words. The page carries them, translated, as `<li data-word="key">text with {figures}</li>`
 * in `#words`, so that no module holds a sentence.
 */

/** @type {Map<string, string>} */
const words = new Map();

/** Reads the page's words; call once, before anything speaks. */
export function readWords() {
  for (const item of document.querySelectorAll("#words [data-word]")) {
    words.set(item.getAttribute("data-word") ?? "", item.textContent ?? "");
  }
}

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
