/** The three dialogs: flag here, go to a time, the keys. Each is a <dialog> of the page. */

import { duration, write } from "/static/look/dom.js";
import { ask, Problem } from "./problem.js";
import { fields } from "./flags.js";
import { keysAreOn, switchKeys } from "./keys.js";
import { renew } from "./renew.js";
import { say } from "./words.js";

/** @typedef {import("./conductor.js").Conductor} Conductor */

/** @param {string} id */
export function dialog(id) {
  const found = document.getElementById(id);
  if (!(found instanceof HTMLDialogElement)) return null;
  for (const close of found.querySelectorAll("[data-close]"))
    close.addEventListener("click", () => found.close());
  return found;
}

/**
 * @param {Conductor} conductor
 * @param {() => { start_ms: number, end_ms: number }} where
 * @param {() => void} after
 * @returns {(() => void) | null}  opens it; null when this person may not flag
 */
export function flagDialog(conductor, where, after) {
  const box = dialog("flag-dialog");
  const form = box?.querySelector("form");
  if (!box || !form) return null;
  const wrong = form.querySelector("[data-wrong]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await ask(form.action, { method: "POST", body: new URLSearchParams(fields(form, null)) });
      box.close();
      form.reset();
      after();
      await Promise.all([renew(), conductor.timeline.refresh()]);
    } catch (error) {
      const problem = error instanceof Problem ? error : new Problem(0, "", "");
      if (wrong) wrong.textContent = `${problem.detail || say("offline")} ${problem.remedy}`;
    }
  });
  return () => {
    if (conductor.playing) conductor.pause();
    const { start_ms, end_ms } = where();
    /** @type {HTMLInputElement} */ (form.elements.namedItem("start_ms")).value = String(
      Math.round(start_ms),
    );
    /** @type {HTMLInputElement} */ (form.elements.namedItem("end_ms")).value = String(Math.round(end_ms));
    const { clock } = conductor.timeline;
    const words =
      end_ms > start_ms ? `${clock.civil(start_ms)}–${clock.civil(end_ms)}` : clock.civil(start_ms);
    const when = form.querySelector("[data-when]");
    if (when) when.textContent = `${words} ${clock.zoneName}`;
    if (wrong) wrong.textContent = "";
    box.showModal();
  };
}

/** @param {Conductor} conductor @returns {(() => void)} */
export function goDialog(conductor) {
  const box = dialog("go-dialog");
  const form = box?.querySelector("form");
  if (!box || !form) return () => undefined;
  const input = /** @type {HTMLInputElement} */ (form.elements.namedItem("time"));
  const wrong = form.querySelector("[data-wrong]");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { clock, durationMs } = conductor.timeline;
    const ms = clock.ofTyped(input.value);
    if (ms !== null && ms >= 0 && ms <= durationMs) {
      conductor.seek(ms);
      box.close();
      return;
    }
    const span = { from: clock.civil(0), to: clock.civil(durationMs) };
    if (wrong) wrong.textContent = ms === null ? say("go-unread") : say("go-outside", span);
    input.setAttribute("aria-invalid", "true");
  });
  return () => {
    input.value = conductor.timeline.clock.civil(conductor.positionMs);
    input.removeAttribute("aria-invalid");
    if (wrong) wrong.textContent = "";
    box.showModal();
    input.select();
  };
}

/** @returns {() => void} */
export function keysDialog() {
  const box = dialog("keys-dialog");
  const box_on = box?.querySelector("[name=keys]");
  if (box_on instanceof HTMLInputElement) {
    box_on.checked = keysAreOn();
    box_on.addEventListener("change", () => switchKeys(box_on.checked));
  }
  return () => box?.showModal();
}

/** The figures beside the play button. @param {HTMLElement} root @param {Conductor} conductor */
export function timecode(root, conductor) {
  const wall = root.querySelector("[data-wall]");
  const since = root.querySelector("[data-since]");
  return () => {
    const { clock, durationMs } = conductor.timeline;
    const ms = conductor.positionMs;
    write(wall, clock.civil(ms));
    write(since, `${clock.zoneName}\u2002${say("of", { now: duration(ms), all: duration(durationMs) })}`);
  };
}
