/**
 * The bar of calls for help, on every staff page: renewed when the server says that something changed, with a
 * sound for a new call. Of several open pages one listens and tells the others, since a browser has few
 * connections for one site. Where no events come, each page asks every POLL_MS.
 *
 * Sends the window a `calls` event with the ids of the sessions whose calls changed.
 */

import { one, refill, write } from "/static/look/dom.js";

const POLL_MS = 10_000;
const TONE_HZ = [660, 880];
const TONE_S = 0.18;
const SILENT = "calls-silent";

const bar = one("#calls");
const button = /** @type {HTMLButtonElement} */ (one("#calls-sound"));
const pages = new BroadcastChannel("calls");
const sound = new AudioContext();
let known = waiting();
let polling = 0;

/** Calls in the bar, or in another's: id to session. */
function waiting(within = /** @type {ParentNode} */ (bar)) {
  const items = /** @type {NodeListOf<HTMLElement>} */ (within.querySelectorAll("[data-call]"));
  return new Map([...items].map((item) => [item.dataset.call ?? "", item.dataset.session ?? ""]));
}

/** Fetches the bar; a page that cannot keeps what it shows. @param {boolean} rings */
async function renew(rings) {
  const response = await fetch("/help/calls", { headers: { accept: "text/html" } }).catch(() => null);
  if (!response?.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  const now = waiting(fresh);
  const changed = [...known, ...now]
    .filter(([id]) => known.has(id) !== now.has(id))
    .map(([, session]) => session);
  const focused = bar.contains(document.activeElement) && document.activeElement?.closest("[data-call]");
  refill(bar, fresh.body);
  if (focused)
    /** @type {HTMLElement | null} */ (bar.querySelector(`#${focused.id} :is(button, .btn)`))?.focus();
  if (rings && [...now.keys()].some((id) => !known.has(id))) ring();
  known = now;
  if (changed.length) window.dispatchEvent(new CustomEvent("calls", { detail: changed }));
}

/** Two short tones, unless the reader wants silence or has not yet touched the page. */
function ring() {
  if (localStorage.getItem(SILENT) || sound.state !== "running") return;
  TONE_HZ.forEach((hertz, number) => {
    const tone = new OscillatorNode(sound, { frequency: hertz });
    const level = new GainNode(sound, { gain: 0.1 });
    tone.connect(level).connect(sound.destination);
    tone.start(sound.currentTime + number * TONE_S);
    tone.stop(sound.currentTime + (number + 1) * TONE_S);
  });
}

/** Says on the button whether calls ring here. */
function say() {
  const silent = Boolean(localStorage.getItem(SILENT));
  const word = silent ? "off" : sound.state === "running" ? "on" : "wait";
  button.setAttribute("aria-pressed", String(word === "on"));
  write(one("span", button), button.dataset[word] ?? "");
  button.hidden = false;
}

/** Listens for this page and all others, as long as it is open. */
function listen() {
  const events = new EventSource("/help/stream");
  events.addEventListener("open", () => window.clearInterval(polling));
  events.addEventListener("error", () => {
    window.clearInterval(polling);
    polling = window.setInterval(renew, POLL_MS, true);
  });
  events.addEventListener("calls", () => {
    pages.postMessage(null);
    renew(true);
  });
  return new Promise(() => {});
}

button.addEventListener("click", () => {
  if (sound.state === "running" && !localStorage.getItem(SILENT)) localStorage.setItem(SILENT, "1");
  else localStorage.removeItem(SILENT);
  sound.resume().then(say);
});
document.addEventListener("pointerdown", () => sound.resume(), { once: true });
sound.addEventListener("statechange", say);
pages.addEventListener("message", () => renew(false));
window.addEventListener("storage", say);
say();
if (navigator.locks) navigator.locks.request("calls", listen);
else polling = window.setInterval(renew, POLL_MS, true);
