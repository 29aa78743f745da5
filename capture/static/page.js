/** The page's own words and pieces. All words come from the server, in the candidate's language. */

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
 * The text called `key` of the page's `<template id="texts">`, with `{name}` filled in.
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export function text(key, values = {}) {
  const template = /** @type {HTMLTemplateElement} */ (one("#texts"));
  const found = template.content.querySelector(`[data-text="${key}"]`);
  if (!found) throw new Error(`no text is called ${key}`);
  return (found.textContent ?? "").replace(/\{(\w+)\}/g, (whole, name) => isolated(values[name] ?? whole));
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
 * Sets text only when it differs, so that a screen reader hears changes and nothing else.
 * @param {Element} element
 * @param {string} words
 */
export function write(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

/**
 * Shows what went wrong and the one thing to do, or nothing for "".
 * @param {Element} place
 * @param {string} key
 */
export function complain(place, key) {
  one("[data-words]", place).textContent = key && text(key);
  place.toggleAttribute("hidden", !key);
}

/**
 * Shows `media` in a video without sound.
 * @param {string} selector
 * @param {MediaStream | null} media
 */
export function preview(selector, media) {
  for (const video of /** @type {NodeListOf<HTMLVideoElement>} */ (document.querySelectorAll(selector))) {
    video.srcObject = media;
    if (media) video.play().catch(() => {});
  }
}

/** `HH:MM:SS` of a span of milliseconds. @param {number} ms */
export function clock(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}

/** `HH:MM:SS` of an instant (milliseconds), in the reader's own time. @param {number} at */
export function timeOfDay(at) {
  return new Date(at).toLocaleTimeString(document.documentElement.lang, { hour12: false });
}
