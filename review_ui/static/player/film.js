/**
 * The film strip of the large stream, and, above the time line, what all streams showed where the pointer is.
 */

import { element } from "/static/look/dom.js";
import { say } from "./words.js";

/**
 * @typedef {import("./conductor.js").Conductor} Conductor
 * @typedef {import("./lanes.js").Lanes} Lanes
 * @typedef {import("./thumbnails.js").Thumbnails} Thumbnails
 * @typedef {import("./views.js").Views} Views
 */

const FRAME_PX = 84;
const FRAMES_MAX = 24;
/** The pointer rests before anything is asked for. */
const REST_MS = 60;

export class Film {
  #strip;
  #preview;
  #lanes;
  #views;
  #conductor;
  #thumbnails;
  #drawing = 0;
  /** @type {number | undefined} */
  #resting = undefined;

  /**
   * @param {HTMLElement} root
   * @param {Conductor} conductor
   * @param {Lanes} lanes
   * @param {Views} views
   * @param {Thumbnails} thumbnails
   */
  constructor(root, conductor, lanes, views, thumbnails) {
    this.#strip = /** @type {HTMLElement | null} */ (root.querySelector("[data-film]"));
    this.#preview = /** @type {HTMLElement | null} */ (root.querySelector("[data-preview]"));
    this.#lanes = lanes;
    this.#views = views;
    this.#conductor = conductor;
    this.#thumbnails = thumbnails;
    const lanesBox = /** @type {HTMLElement | null} */ (root.querySelector(".lanes"));
    if (!this.#strip || !this.#preview || !lanesBox) return;
    lanes.addEventListener("drawn", () => void this.#draw());
    views.stage.addEventListener("enlarged", () => void this.#draw());
    lanesBox.addEventListener("pointermove", (event) => this.#point(event.clientX));
    lanesBox.addEventListener("pointerleave", () => this.#leave());
    this.#strip.addEventListener("click", (event) => {
      const share = this.#shareAt(/** @type {MouseEvent} */ (event).clientX);
      if (share !== null) conductor.seek(lanes.msAt(share));
    });
  }

  /** Equal parts of the visible stretch, each with what was to be seen in its middle. */
  async #draw() {
    const strip = /** @type {HTMLElement} */ (this.#strip);
    const mine = ++this.#drawing;
    const count = Math.max(3, Math.min(FRAMES_MAX, Math.floor(strip.clientWidth / FRAME_PX)));
    const moments = Array.from({ length: count }, (_, place) => this.#lanes.msAt((place + 0.5) / count));
    const stream = this.#views.main;
    const pictures = await Promise.all(
      moments.map((ms) => (stream ? this.#thumbnails.at(stream, ms) : null)),
    );
    if (mine !== this.#drawing) return;
    strip.replaceChildren(...pictures.map(frame));
  }

  /** @param {number} x */
  #shareAt(x) {
    const box = /** @type {HTMLElement} */ (this.#strip).getBoundingClientRect();
    const share = (x - box.left) / box.width;
    return share >= 0 && share <= 1 ? share : null;
  }

  /** @param {number} x */
  #point(x) {
    clearTimeout(this.#resting);
    this.#resting = window.setTimeout(() => void this.#show(x), REST_MS);
  }

  #leave() {
    clearTimeout(this.#resting);
    this.#preview?.toggleAttribute("hidden", true);
  }

  /** @param {number} x */
  async #show(x) {
    const preview = /** @type {HTMLElement} */ (this.#preview);
    const share = this.#shareAt(x);
    if (share === null) return this.#leave();
    const resting = this.#resting;
    const ms = this.#lanes.msAt(share);
    const names = this.#views.names;
    const pictures = await Promise.all(names.map((name) => this.#thumbnails.at(name, ms)));
    if (resting !== this.#resting) return undefined;
    const shown = names.flatMap((name, place) =>
      pictures[place] ? [figure(say(`stream-${name}`), frame(pictures[place] ?? null))] : [],
    );
    const time = this.#conductor.timeline.clock.civil(ms);
    preview.replaceChildren(element("p", "num", time), ...shown);
    preview.style.setProperty("--share", share.toFixed(4));
    preview.toggleAttribute("hidden", shown.length === 0);
    return undefined;
  }
}

/** @param {string | null} picture */
function frame(picture) {
  if (!picture) return element("span", "film-gap");
  const image = new Image();
  image.alt = "";
  image.src = picture;
  return image;
}

/** @param {string} name @param {HTMLElement} picture */
function figure(name, picture) {
  return element("figure", "", picture, element("figcaption", "", name));
}
