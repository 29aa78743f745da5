/**
 * The picture of the identity card: taken, masked by the candidate, and only then sent. The picture without
 * the mask exists in this page's memory alone.
 */

import { one, write } from "/static/look/dom.js";
import { NoDevice, openStill, release } from "../devices/devices.js";
import { CoverSheet } from "../devices/cover-sheet.js";
import { complain, text } from "./texts.js";

const REQUEST_MS = 30_000;
const JPEG_QUALITY = 0.88;

export class CardCopy extends EventTarget {
  /** Whether the server has a picture. */
  sent = false;
  /** @type {MediaStream | null} */
  #camera = null;

  /**
   * Dispatches "sent" when the server has taken a picture.
   * @param {HTMLElement} root
   * @param {"user" | "environment"} facing
   */
  constructor(root, facing) {
    super();
    this.root = root;
    this.facing = facing;
    this.failed = one("#card-failed", root);
    this.video = /** @type {HTMLVideoElement} */ (one("[data-card-camera]", root));
    this.none = /** @type {HTMLInputElement} */ (one("[data-card-none]", root));
    this.button = one("[data-card-send]", root);
    const canvas = /** @type {HTMLCanvasElement} */ (one("[data-card-picture]", root));
    this.sheet = new CoverSheet(canvas, () => this.#showCovered());
    this.none.addEventListener("change", () => this.#showCovered());
    this.#press("[data-card-on]", () => void this.#open());
    this.#press("[data-card-take]", () => this.#take());
    this.#press("[data-card-undo]", () => this.sheet.uncover());
    this.#press("[data-card-again]", () => void this.#open());
    this.#press("[data-card-more]", () => void this.#open());
    this.#press("[data-card-send]", () => void this.#send());
  }

  /**
   * The server has `images`: perhaps from the phone, or from before this page was loaded.
   * @param {number} images
   */
  arrived(images) {
    if (!images || this.sent) return;
    this.sent = true;
    if (this.root.dataset.card === "off") this.#show("sent");
    this.dispatchEvent(new Event("sent"));
  }

  /** Lets camera and picture go. */
  rest() {
    release(this.#camera);
    this.#camera = null;
    this.video.srcObject = null;
    this.sheet.clear();
    this.#show(this.sent ? "sent" : "off");
  }

  /** @param {string} selector @param {() => void} act */
  #press(selector, act) {
    one(selector, this.root).addEventListener("click", act);
  }

  /** @param {"off" | "live" | "shot" | "sent"} state */
  #show(state) {
    this.root.dataset.card = state;
  }

  async #open() {
    complain(this.failed, "");
    this.sheet.clear();
    release(this.#camera);
    try {
      this.#camera = await openStill(this.facing);
    } catch (error) {
      if (!(error instanceof NoDevice)) throw error;
      this.#show(this.sent ? "sent" : "off");
      complain(this.failed, `webcam-${error.reason}`);
      return;
    }
    this.video.srcObject = this.#camera;
    await this.video.play().catch(() => {});
    this.#show("live");
    one("[data-card-take]", this.root).focus();
  }

  #take() {
    if (!this.video.videoWidth) return;
    this.none.checked = false;
    this.sheet.lay(this.video);
    release(this.#camera);
    this.#camera = null;
    this.video.srcObject = null;
    this.#show("shot");
    this.#showCovered();
    this.sheet.canvas.focus();
  }

  #showCovered() {
    const count = this.sheet.count;
    const ready = count > 0 || this.none.checked;
    this.button.setAttribute("aria-disabled", String(!ready));
    write(
      one("[data-card-covered]", this.root),
      ready ? text("card-covered", { count }) : text("card-uncovered"),
    );
  }

  async #send() {
    if (this.button.getAttribute("aria-disabled") === "true") return;
    complain(this.failed, "");
    this.button.setAttribute("aria-disabled", "true");
    const body = await this.sheet.picture(JPEG_QUALITY);
    const headers = { "Content-Type": "image/jpeg" };
    const signal = AbortSignal.timeout(REQUEST_MS);
    const answer = await fetch(this.root.dataset.send ?? "", { method: "POST", headers, body, signal }).catch(
      () => null,
    );
    this.#showCovered();
    if (answer?.ok) {
      this.sent = true;
      this.rest();
      this.dispatchEvent(new Event("sent"));
    } else if (answer?.status === 503) complain(this.failed, "card-unkept");
    else if (!answer || answer.status >= 500) complain(this.failed, "card-away");
    else complain(this.failed, answer.status === 409 || answer.status === 401 ? "card-over" : "card-refused");
  }
}
