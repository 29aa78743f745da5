/** The views: which stream is large, what each is doing, and words where there is no picture. */

import { write } from "/static/look/dom.js";
import { whatLacks, whyBlocked, whyNothing } from "./gaps.js";
import { say } from "./words.js";

/**
 * @typedef {import("./conductor.js").Conductor} Conductor
 * @typedef {import("./types.js").StreamName} StreamName
 */

/** A short wait is not worth a word. */
const LOADING_SHOWN_AFTER_MS = 600;
/** How long a view says that something was stepped over. */
const SKIP_SHOWN_MS = 4000;

export class Views {
  #stage;
  #conductor;
  /** @type {Map<StreamName, number>} */
  #loadingSince = new Map();
  /**
   * What was just stepped over, and until when that is said.
   * @type {Map<StreamName, { words: [string, string], untilMs: number }>}
   */
  #skips = new Map();

  /**
   * @param {HTMLElement} stage
   * @param {Conductor} conductor
   */
  constructor(stage, conductor) {
    this.#stage = stage;
    this.#conductor = conductor;
    /** @type {Map<StreamName, HTMLElement>} */
    this.views = new Map();
    for (const view of stage.querySelectorAll("[data-stream]")) {
      const name = /** @type {StreamName} */ (view.getAttribute("data-stream"));
      this.views.set(name, /** @type {HTMLElement} */ (view));
      view.querySelector(".view-pick")?.addEventListener("click", () => this.enlarge(name));
    }
    conductor.addEventListener("skip", (event) => this.#skipped(/** @type {CustomEvent} */ (event).detail));
    conductor.addEventListener("tick", () => this.draw());
    conductor.addEventListener("change", () => this.draw());
  }

  /** Streams in the order of their keys 1, 2, 3. */
  get names() {
    return [...this.views.keys()];
  }

  /** The stream shown large. */
  get main() {
    return this.names.find((name) => this.views.get(name)?.classList.contains("is-main")) ?? this.names[0];
  }

  /** Emits `enlarged`. */
  get stage() {
    return this.#stage;
  }

  /** @param {StreamName} name */
  enlarge(name) {
    if (!this.views.has(name)) return;
    for (const [other, view] of this.views) view.classList.toggle("is-main", other === name);
    this.#stage.dispatchEvent(new Event("enlarged"));
  }

  draw() {
    for (const [name, { untilMs }] of this.#skips) if (performance.now() > untilMs) this.#skips.delete(name);
    for (const [name, view] of this.views) this.#drawOne(name, view);
  }

  /** @param {StreamName} name @param {HTMLElement} view */
  #drawOne(name, view) {
    const player = this.#conductor.players.get(name);
    const part = this.#conductor.parts.get(name);
    if (!player || !part) return;
    const { index } = player;
    const ms = this.#conductor.positionMs;
    const late = part === "loading" && this.#isLate(name, player.isBuffered(ms));
    if (part !== "loading") this.#loadingSince.delete(name);
    const blocked = player.blocked.at(ms);
    /** @type {string[]} */
    let words = ["", ""];
    if (player.fault && !(player.fault.passing && player.isBuffered(ms))) {
      words = [player.fault.detail || say("refused"), player.fault.remedy];
    } else if (part === "resting" && blocked) {
      words = whyBlocked(blocked, index.lackAt(ms));
    } else if (part === "resting" || part === "gone") {
      words = whyNothing(index, this.#conductor.momentOf(name), this.#conductor.timeline.session.live);
    } else if (late) {
      words = [say("loading"), ""];
    }
    const lacks = this.#skips.get(name)?.words ?? whatLacks(index, ms);
    // Where there is sound alone, nothing is covered by saying so large; a picture is never covered.
    const unseen = !words[0] && index.isUnseen(ms);
    if (unseen) words = whatLacks(index, ms);
    view.classList.toggle("is-empty", words[0] !== "");
    view.classList.toggle("is-unseen", unseen);
    const banner = words[0] ? ["", ""] : lacks;
    view.querySelector(".lacks")?.toggleAttribute("hidden", banner[0] === "");
    write(view.querySelector(".lacks-what"), banner[0] ?? "");
    write(view.querySelector(".lacks-why"), banner[1] ?? "");
    write(view.querySelector(".nothing-what"), words[0] ?? "");
    write(view.querySelector(".nothing-why"), words[1] ?? "");
    write(view.querySelector("[data-part]"), this.#partWords(name, part));
    write(this.#stage.querySelector(`[data-now="${name}"]`), this.#nowWords(name, part, words[0] ?? ""));
  }

  /** @param {{ name: StreamName, stretch: import("./blocked.js").Stretch }} skipped */
  #skipped({ name, stretch }) {
    const index = this.#conductor.players.get(name)?.index;
    const words = whyBlocked(stretch, index?.lackAt(stretch.start_ms) ?? null);
    this.#skips.set(name, { words, untilMs: performance.now() + SKIP_SHOWN_MS });
  }

  /** @param {StreamName} name @param {boolean} buffered */
  #isLate(name, buffered) {
    if (buffered) return false;
    const since = this.#loadingSince.get(name) ?? performance.now();
    this.#loadingSince.set(name, since);
    return performance.now() - since > LOADING_SHOWN_AFTER_MS;
  }

  /** @param {StreamName} name @param {import("./conductor.js").Part} part */
  #partWords(name, part) {
    if (part === "leading" || (name === this.#conductor.leader && part === "in-step")) {
      const index = this.#conductor.players.get(name)?.index;
      const silent = index?.lackAt(this.#conductor.positionMs)?.part === "sound";
      if (index?.hasSound && !silent) return say(this.#conductor.muted ? "sound-off" : "sound-on");
    }
    return say(`part-${part}`);
  }

  /**
   * What is known of this stream at this moment.
   * @param {StreamName} name
   * @param {import("./conductor.js").Part} part
   * @param {string} nothing
   */
  #nowWords(name, part, nothing) {
    const player = this.#conductor.players.get(name);
    const heard =
      player?.index.isUnseen(this.#conductor.positionMs) && (part === "leading" || part === "in-step");
    if ((nothing && !heard) || !player) return say(player?.index.gone ? "erased" : "part-resting");
    const segment = player.index.segmentAt(this.#conductor.positionMs);
    if (!segment) return "";
    const { videoWidth, videoHeight } = player.video;
    const size = videoWidth ? `, ${videoWidth} × ${videoHeight}` : "";
    const late = segment.late ? `, ${say("late")}` : "";
    return say("take", { n: segment.take }) + size + late;
  }
}
