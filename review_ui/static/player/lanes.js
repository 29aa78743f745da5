/**
 * The drawn time line: ruler, position, flags, one lane per stream. Everything is placed by its share of
 * the visible stretch; zoomed in, the stretch follows the position.
 */

import { isolated } from "/static/look/dom.js";
import { drawLog } from "./log-lane.js";
import { drawSignals } from "./signal-lane.js";
import { drawStream } from "./stream-lane.js";
import { mark, percent, svg } from "./svg.js";
import { say } from "./words.js";

/**
 * @typedef {import("./conductor.js").Conductor} Conductor
 * @typedef {import("./types.js").FlagData} FlagData
 */

const TICK_STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
const LABEL_PX = 76;
const LETTER_PX = 6.2;

/** Emits `drawn` after each whole drawing. */
export class Lanes extends EventTarget {
  #conductor;
  #scrub;
  #playhead;
  /** @type {number | null} length of the visible stretch; null shows all */
  #spanMs = null;
  #fromMs = 0;
  /** Width of the visible stretch as it was drawn, and where the playhead is. */
  #widthPx = 1;
  #drawnPx = -1;

  /**
   * @param {HTMLElement} root
   * @param {Conductor} conductor
   */
  constructor(root, conductor) {
    super();
    this.root = root;
    this.#conductor = conductor;
    this.#scrub = /** @type {HTMLInputElement} */ (root.querySelector(".scrub"));
    this.#playhead = root.querySelector(".playhead line");
    /** @type {string | null} */
    this.currentFlag = null;
    /** The opened logs, by name. @type {Map<string, import("./types.js").LogEntry[]>} */
    this.logs = new Map();
    /** The opened signals, by stream. @type {Map<string, import("./types.js").SignalData[]>} */
    this.signals = new Map();
    /** @type {{ start_ms: number, end_ms: number | null } | null} */
    this.range = null;
    this.#scrub.addEventListener("input", () => conductor.seek(Number(this.#scrub.value)));
    for (const button of root.querySelectorAll("[data-zoom]")) {
      button.addEventListener("click", () => this.zoom(Number(button.getAttribute("data-zoom")) || null));
    }
    new ResizeObserver(() => this.draw()).observe(root);
    conductor.timeline.addEventListener("news", () => this.draw());
  }

  /** @param {number | null} spanMs */
  zoom(spanMs) {
    this.#spanMs = spanMs;
    if (spanMs !== null) this.#fromMs = Math.max(0, this.#conductor.positionMs - spanMs / 3);
    this.draw();
  }

  get #visible() {
    const all = this.#conductor.timeline.durationMs;
    if (this.#spanMs === null || this.#spanMs >= all) return { from: 0, to: all };
    const from = Math.min(this.#fromMs, all - this.#spanMs);
    return { from, to: from + this.#spanMs };
  }

  /** @param {number} ms */
  #share(ms) {
    const { from, to } = this.#visible;
    return (ms - from) / (to - from);
  }

  /** The whole drawing; call when data, size or zoom change. */
  draw() {
    const all = this.#conductor.timeline.durationMs;
    for (const button of this.root.querySelectorAll("[data-zoom]")) {
      const span = Number(button.getAttribute("data-zoom")) || null;
      const fits = span === null || span < all;
      button.toggleAttribute("hidden", !fits);
      button.setAttribute(
        "aria-pressed",
        String(span === (this.#spanMs !== null && this.#spanMs < all ? this.#spanMs : null)),
      );
    }
    const choice = this.root.querySelector(".choice");
    choice?.toggleAttribute("hidden", choice.querySelectorAll("button:not([hidden])").length < 2);
    this.#widthPx = Math.max(1, this.#scrub.clientWidth);
    this.#drawnPx = -1;
    const { from, to } = this.#visible;
    this.#scrub.min = String(Math.floor(from));
    this.#scrub.max = String(Math.ceil(to));
    this.#drawRuler(from, to);
    this.#drawFlags(from, to);
    for (const [name, index] of this.#conductor.timeline.streams) {
      const track = this.root.querySelector(`[data-lane="${name}"]`);
      if (track) drawStream(/** @type {SVGElement} */ (track), index, { from, to, durationMs: all });
    }
    for (const [name, entries] of this.logs) {
      const track = this.root.querySelector(`[data-lane="${name}"]`);
      if (track) drawLog(/** @type {SVGElement} */ (track), entries, (ms) => this.#share(ms));
    }
    const signals = this.root.querySelector("[data-lane=signals]");
    if (signals) drawSignals(/** @type {SVGElement} */ (signals), this.signals, (ms) => this.#share(ms));
    this.dispatchEvent(new Event("drawn"));
    this.drawPosition();
  }

  /** The moment at a place of the visible stretch. @param {number} share  0 to 1 */
  msAt(share) {
    const { from, to } = this.#visible;
    return from + share * (to - from);
  }

  /** Only what moves, and only where it is seen to: a step of the playhead is a pixel. */
  drawPosition() {
    const ms = this.#conductor.positionMs;
    const { from, to } = this.#visible;
    if (this.#spanMs !== null && (ms < from || ms > to)) {
      this.#fromMs = Math.max(0, ms - 0.1 * this.#spanMs);
      if (this.#visible.from !== from) return this.draw();
    }
    const px = Math.round(Math.min(1, Math.max(0, this.#share(ms))) * this.#widthPx);
    const moved = px !== this.#drawnPx;
    this.#drawnPx = px;
    if (moved) {
      this.#playhead?.setAttribute("x1", percent(px / this.#widthPx));
      this.#playhead?.setAttribute("x2", percent(px / this.#widthPx));
    }
    // Under the arrow keys it is exact; while it is held in a pause it is theirs.
    const { playing } = this.#conductor;
    if (document.activeElement === this.#scrub ? playing : moved || !playing)
      this.#scrub.value = String(Math.round(ms));
    const words = this.#positionWords(ms);
    if (this.#scrub.getAttribute("aria-valuetext") !== words)
      this.#scrub.setAttribute("aria-valuetext", words);
    return undefined;
  }

  /** @param {number} ms */
  #positionWords(ms) {
    const flag = this.#conductor.timeline.flags.find((one) => one.start_ms <= ms && ms <= one.end_ms + 1000);
    const in_flag = flag ? `, ${say("in-flag", { what: flag.title })}` : "";
    return this.#conductor.timeline.clock.civil(ms) + in_flag;
  }

  /** @param {number} from @param {number} to */
  #drawRuler(from, to) {
    const track = this.root.querySelector("[data-lane=ruler]");
    if (!track) return;
    const { clock } = this.#conductor.timeline;
    const labels = Math.max(2, track.clientWidth / LABEL_PX);
    const stepS = TICK_STEPS_S.find((step) => (to - from) / 1000 / step <= labels) ?? 7200;
    const smallS = stepS % 5 === 0 ? stepS / 5 : stepS / 2;
    const marks = [];
    let freeFrom = -Infinity;
    // Ticks stand on the civil clock, not on the session's start.
    const startS = Math.ceil((clock.startUnixMs + from) / 1000 / smallS) * smallS;
    for (let s = startS; s * 1000 <= clock.startUnixMs + to; s += smallS) {
      const ms = s * 1000 - clock.startUnixMs;
      const big = Math.abs(s / stepS - Math.round(s / stepS)) < 1e-9;
      const at = percent(this.#share(ms));
      marks.push(
        svg("line", { class: big ? "tick" : "tick-small", x1: at, x2: at, y1: big ? 11 : 13, y2: 17 }),
      );
      if (!big) continue;
      const text = stepS < 60 ? clock.civil(ms) : clock.civil(ms).slice(0, 5);
      const share = this.#share(ms);
      const anchor = share < 0.02 ? "start" : share > 0.97 ? "end" : "middle";
      const wide = (text.length + 1) * LETTER_PX;
      const left = share * track.clientWidth - (anchor === "start" ? 0 : anchor === "end" ? wide : wide / 2);
      if (left < freeFrom) continue;
      freeFrom = left + wide;
      marks.push(svg("text", { x: at, y: 8, "text-anchor": anchor }, text));
    }
    track.replaceChildren(...marks);
  }

  /** @param {number} from @param {number} to */
  #drawFlags(from, to) {
    const track = this.root.querySelector("[data-lane=flags]");
    if (!track) return;
    const width = track.clientWidth;
    const drawn = [];
    if (this.range) {
      const end = this.range.end_ms ?? this.#conductor.positionMs;
      const wide = Math.max(2 / width, this.#share(end) - this.#share(this.range.start_ms));
      drawn.push(
        svg("rect", {
          class: "range",
          x: percent(this.#share(this.range.start_ms)),
          width: percent(wide),
          y: 1,
          height: 22,
        }),
      );
    }
    const flags = this.#conductor.timeline.flags.filter((flag) => flag.end_ms >= from && flag.start_ms <= to);
    flags.forEach((flag, place) => {
      const next = flags[place + 1];
      const words = isolated(flag.title);
      const roomPx = ((next ? this.#share(next.start_ms) : 1) - this.#share(flag.start_ms)) * width;
      drawn.push(this.#flagMark(flag, roomPx > words.length * LETTER_PX + 30 ? words : ""));
    });
    track.replaceChildren(...drawn);
  }

  /** @param {FlagData} flag @param {string} label */
  #flagMark(flag, label) {
    const { clock } = this.#conductor.timeline;
    const what = `${clock.civil(flag.start_ms)} ${isolated(flag.title)}`;
    const name = [what, say(`source-${flag.source}`), say(`state-${flag.state}`)].join(", ");
    const now = flag.id === this.currentFlag;
    const link = svg("a", { href: `#flag-${flag.id}`, "aria-label": name, "data-flag": flag.id });
    if (now) link.append(svg("rect", { class: "now-ring", x: -11, y: 1, width: 22, height: 22, rx: 3 }));
    link.append(
      svg("rect", { class: "mark-box", x: -12, y: 0, width: 24, height: 24 }),
      mark(flag.source, flag.state, { x: -7, y: 5, width: 14, height: 14 }),
    );
    const group = svg("svg", {
      x: percent(this.#share(flag.start_ms)),
      overflow: "visible",
      class: now ? "is-now" : "",
    });
    group.append(link);
    if (label) group.append(svg("text", { class: "wide", x: 14, y: 16 }, label));
    if (flag.end_ms <= flag.start_ms) return group;
    const wide = this.#share(flag.end_ms) - this.#share(flag.start_ms);
    const bar = svg("rect", {
      class: `stretch is-${flag.state}`,
      x: percent(this.#share(flag.start_ms)),
      width: percent(wide),
      y: 20,
      height: 3,
    });
    return svg("g", {}, bar, group);
  }
}
