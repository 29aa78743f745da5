/** The lane of signals: what a person may want to look at above, what helps to find one's way below. */

import { percent, svg } from "./svg.js";
import { length, say } from "./words.js";

/** @typedef {import("./types.js").SignalData} SignalData */

/** Kinds that help to find one's way, and how low each lies. @type {Record<string, number>} */
const GUIDES = { "screen-changed": 14, silence: 18, "speech-level": 18 };
const WIDE_PX_MIN = 3;
const LETTER_PX = 6.2;

/**
 * What was measured, and how, as two lines of words.
 * @param {string} stream
 * @param {SignalData} signal
 * @returns {[string, string]}
 */
export function told(stream, signal) {
  const { detector, version, unit } = signal;
  const [value, threshold] = [signal.value, signal.threshold].map((one) =>
    Number((unit === "share" ? 100 * one : one).toFixed(1)),
  );
  return [
    say("signal-at", {
      what: say(`signal-${signal.kind}`),
      stream: say(`stream-${stream}`),
      length: length(signal.end_ms - signal.start_ms),
    }),
    say("signal-how", {
      value: say(`unit-${unit}`, { value: value ?? "" }),
      threshold: threshold ?? "",
      detector,
      version,
    }),
  ];
}

/**
 * @param {SVGElement} track
 * @param {Map<string, SignalData[]>} signals  by stream
 * @param {(ms: number) => number} share  the place of a moment, 0 to 1 within the visible stretch
 */
export function drawSignals(track, signals, share) {
  const width = Math.max(1, track.clientWidth);
  const drawn = [svg("rect", { class: "empty", width: "100%", y: 21, height: 1 })];
  let labelledPx = 0;
  let count = 0;
  for (const [stream, signal] of inOrder(signals)) {
    count += 1;
    const left = Math.max(0, share(signal.start_ms));
    const right = Math.min(1, share(signal.end_ms));
    if (right <= 0 || left >= 1) continue;
    const low = GUIDES[signal.kind];
    const wide = Math.max(WIDE_PX_MIN / width, right - left);
    const place = { x: percent(left), width: percent(wide), y: low ?? 12, height: low ? 3 : 7 };
    const words = told(stream, signal);
    drawn.push(
      svg(
        "rect",
        { class: low ? "guide" : "measured", "data-ms": signal.start_ms, ...place },
        svg("title", {}, words.join("\n")),
      ),
    );
    const label = say(`signal-${signal.kind}`);
    const fromPx = left * width;
    if (low || fromPx < labelledPx || fromPx + label.length * LETTER_PX > width) continue;
    labelledPx = fromPx + label.length * LETTER_PX + 4;
    drawn.push(
      svg(
        "svg",
        { x: percent(left), overflow: "visible", class: "wide" },
        svg("text", { x: 0, y: 9 }, label),
      ),
    );
  }
  track.replaceChildren(...drawn);
  track.setAttribute("aria-label", say("signals-lane", { count }));
}

/**
 * All signals with their stream, in the order of the time line.
 * @param {Map<string, SignalData[]>} signals
 * @returns {[string, SignalData][]}
 */
export function inOrder(signals) {
  /** @type {[string, SignalData][]} */
  const all = [...signals].flatMap(([stream, own]) =>
    own.map((signal) => /** @type {[string, SignalData]} */ ([stream, signal])),
  );
  return all.sort((a, b) => a[1].start_ms - b[1].start_ms);
}
