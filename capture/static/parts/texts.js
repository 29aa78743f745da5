/** The page's own words and pieces. All words come from the server, in the candidate's language. */

import { isolated, one } from "/static/look/dom.js";

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

/** `HH:MM:SS` of an instant (milliseconds), in the reader's own time. @param {number} at */
export function timeOfDay(at) {
  return new Date(at).toLocaleTimeString(document.documentElement.lang, { hour12: false });
}
