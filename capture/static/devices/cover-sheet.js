/**
 * A picture on which one covers places, by drawing or with the keyboard. What is covered is painted over in
 * the picture itself: whoever gets it gets black there, not a layer that could be lifted.
 *
 * @typedef {{ x: number, y: number, w: number, h: number }} Box in pixels of the picture
 */

const WIDTH_MAX_PX = 1600;
const SIDE_MIN_PX = 8;
const STEPS = 40;

export class CoverSheet {
  /** @type {HTMLCanvasElement | null} The picture as it was taken; never drawn from but by this class. */
  #original = null;
  /** @type {Box[]} */
  #boxes = [];
  /** @type {Box} The frame that the keyboard moves, or the box being drawn. */
  #frame = { x: 0, y: 0, w: 0, h: 0 };
  /** @type {{ x: number, y: number } | null} */
  #from = null;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {() => void} changed called when a place was covered or uncovered
   */
  constructor(canvas, changed) {
    this.canvas = canvas;
    this.changed = changed;
    canvas.addEventListener("pointerdown", (event) => this.#begin(event));
    canvas.addEventListener("pointermove", (event) => this.#drag(event));
    canvas.addEventListener("pointerup", () => this.#end());
    canvas.addEventListener("pointercancel", () => ((this.#from = null), this.#draw()));
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("focus", () => this.#draw());
    canvas.addEventListener("blur", () => this.#draw());
  }

  /** How many places are covered. */
  get count() {
    return this.#boxes.length;
  }

  /** Puts a new picture on the sheet, uncovered. @param {HTMLVideoElement} video */
  lay(video) {
    const scale = Math.min(1, WIDTH_MAX_PX / video.videoWidth);
    const original = document.createElement("canvas");
    original.width = this.canvas.width = Math.round(video.videoWidth * scale);
    original.height = this.canvas.height = Math.round(video.videoHeight * scale);
    original.getContext("2d")?.drawImage(video, 0, 0, original.width, original.height);
    this.#original = original;
    this.#boxes = [];
    this.#frame = {
      x: original.width * 0.3,
      y: original.height * 0.45,
      w: original.width * 0.4,
      h: original.height * 0.1,
    };
    this.#draw();
  }

  /** Takes the last cover away. */
  uncover() {
    this.#boxes.pop();
    this.#draw();
    this.changed();
  }

  /** Forgets the picture. */
  clear() {
    this.#original = null;
    this.#boxes = [];
    this.#from = null;
    this.canvas.width = this.canvas.height = 0;
  }

  /**
   * The picture as it may leave: with its covers, and nothing of what lies below them.
   * @param {number} quality
   */
  async picture(quality) {
    this.#draw(false);
    const blob = await new Promise((/** @type {(blob: Blob | null) => void} */ done) =>
      this.canvas.toBlob(done, "image/jpeg", quality),
    );
    this.#draw();
    if (!blob) throw new Error("the picture could not be written");
    return blob;
  }

  #draw(withFrame = true) {
    const pen = this.canvas.getContext("2d");
    if (!pen || !this.#original) return;
    pen.drawImage(this.#original, 0, 0);
    pen.fillStyle = "black";
    for (const { x, y, w, h } of this.#boxes) pen.fillRect(x, y, w, h);
    if (!withFrame || !(this.#from || this.canvas.matches(":focus-visible"))) return;
    const { x, y, w, h } = this.#frame;
    pen.lineWidth = Math.max(2, this.canvas.width / 300);
    for (const [colour, dash] of /** @type {[string, number[]][]} */ ([
      ["black", []],
      ["white", [pen.lineWidth * 3, pen.lineWidth * 3]],
    ])) {
      pen.strokeStyle = colour;
      pen.setLineDash(dash);
      pen.strokeRect(x, y, w, h);
    }
  }

  /** @param {PointerEvent} event */
  #place(event) {
    const box = this.canvas.getBoundingClientRect();
    const scale = this.canvas.width / box.width;
    return { x: (event.clientX - box.left) * scale, y: (event.clientY - box.top) * scale };
  }

  /** @param {PointerEvent} event */
  #begin(event) {
    if (!this.#original) return;
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    this.#from = this.#place(event);
  }

  /** @param {PointerEvent} event */
  #drag(event) {
    if (!this.#from) return;
    const to = this.#place(event);
    this.#frame = {
      x: Math.min(this.#from.x, to.x),
      y: Math.min(this.#from.y, to.y),
      w: Math.abs(this.#from.x - to.x),
      h: Math.abs(this.#from.y - to.y),
    };
    this.#draw();
  }

  #end() {
    const drawn = this.#from !== null && this.#frame.w >= SIDE_MIN_PX && this.#frame.h >= SIDE_MIN_PX;
    this.#from = null;
    if (drawn) this.#cover();
    else this.#draw();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (!this.#original) return;
    const { width, height } = this.canvas;
    const [x, y] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[
      event.key
    ] ?? [0, 0];
    if (event.key === "Enter" || event.key === " ") this.#cover();
    else if (!x && !y) return;
    else if (event.shiftKey) {
      this.#frame.w = Math.min(width, Math.max(SIDE_MIN_PX, this.#frame.w + (x * width) / STEPS));
      this.#frame.h = Math.min(height, Math.max(SIDE_MIN_PX, this.#frame.h + (y * height) / STEPS));
    } else {
      this.#frame.x = Math.min(width - this.#frame.w, Math.max(0, this.#frame.x + (x * width) / STEPS));
      this.#frame.y = Math.min(height - this.#frame.h, Math.max(0, this.#frame.y + (y * height) / STEPS));
    }
    event.preventDefault();
    this.#draw();
  }

  #cover() {
    this.#boxes.push({ ...this.#frame });
    this.#draw();
    this.changed();
  }
}
