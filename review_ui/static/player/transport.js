/** The row of buttons: presses become actions, and the buttons show how things stand. */

import { write } from "/static/look/dom.js";
import { RATES } from "./conductor.js";
import { say } from "./words.js";

/**
 * @param {HTMLElement} row
 * @param {import("./conductor.js").Conductor} conductor
 * @param {Record<string, () => void>} actions
 */
export function prepareTransport(row, conductor, actions) {
  for (const button of document.querySelectorAll("[data-do]")) {
    button.addEventListener("click", () => actions[button.getAttribute("data-do") ?? ""]?.());
  }
  const rate = row.querySelector("select[name=rate]");
  if (rate instanceof HTMLSelectElement) {
    rate.replaceChildren(...RATES.map((value) => new Option(`${value}×`, String(value))));
    rate.addEventListener("change", () => conductor.setRate(Number(rate.value)));
  }
  const play = row.querySelector("[data-do=toggle]");
  const sound = row.querySelector("[data-do=sound]");
  const live = row.querySelector("[data-do=live]");
  const draw = () => {
    const word = say(conductor.playing ? "pause" : "play");
    play?.querySelector("use")?.setAttribute("href", conductor.playing ? "#i-pause" : "#i-play");
    name(play, word, "K");
    name(sound, say(conductor.muted ? "sound-is-off" : "sound-is-on"), "S");
    sound?.querySelector("use")?.setAttribute("href", conductor.muted ? "#i-mute" : "#i-sound");
    live?.toggleAttribute("hidden", !conductor.timeline.session.live);
    if (rate instanceof HTMLSelectElement) rate.value = String(conductor.rate);
  };
  conductor.addEventListener("change", draw);
  draw();
}

/** @param {Element | null} button @param {string} word @param {string} key */
function name(button, word, key) {
  button?.setAttribute("title", `${word} (${key})`);
  write(button?.querySelector(".unseen"), word);
}
