/** The lane of a log: one thin mark per entry, none louder than another. */

import { percent, svg } from "./svg.js";
import { say } from "./words.js";

/**
 * @param {SVGElement} track
 * @param {import("./types.js").LogEntry[]} entries  in the order of the time line
 * @param {(ms: number) => number} share  the place of a moment, 0 to 1 within the visible stretch
 */
export function drawLog(track, entries, share) {
  const seen = entries.filter((entry) => share(entry.ms) >= 0 && share(entry.ms) <= 1);
  const marks = seen.map((entry) => {
    const at = percent(share(entry.ms));
    return svg("line", { class: "entry", x1: at, x2: at, y1: 6, y2: 18, "data-entry": entry.id });
  });
  track.replaceChildren(svg("rect", { class: "empty", width: "100%", y: 12, height: 1 }), ...marks);
  track.setAttribute("aria-label", say("log-lane", { count: entries.length }));
}
