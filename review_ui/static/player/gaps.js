/** Why there is nothing to see, in words. Neutral: a gap is nobody's fault until a person says so. */

import { length, say } from "./words.js";

/**
 * @typedef {import("./stream-index.js").Hole} Hole
 * @typedef {import("./stream-index.js").StreamIndex} StreamIndex
 */

/** Short, for the time line: `gap 26 s: sharing ended`. @param {Hole} hole */
export function gapLabel(hole) {
  const open = !Number.isFinite(hole.end_ms) || hole.gap?.end_ms === null;
  const how = open ? say("gap-open") : say("gap", { length: length(hole.end_ms - hole.start_ms) });
  return hole.gap ? `${how}: ${say(`cause-${hole.gap.cause}`)}` : how;
}

/**
 * In full, for the view: a line that says what is missing, and one that says why or what comes next.
 *
 * @param {StreamIndex} index
 * @param {number} ms
 * @param {boolean} live
 * @returns {[string, string]}
 */
export function whyNothing(index, ms, live) {
  if (index.gone) return [say("erased"), say("erased-do")];
  if (index.runs.length === 0) return [live ? say("not-yet") : say("never"), ""];
  const hole = index.holeAt(ms);
  if (!hole) return ["", ""];
  if (hole.gap) {
    const reason = `${say(`cause-${hole.gap.cause}`)} (${say(`reason-${hole.gap.reason}`)})`;
    if (Number.isFinite(hole.end_ms)) return [say("gap-here", { length: length(hole.end_ms - hole.start_ms) }), reason];
    return [say("gap-lasting"), reason];
  }
  if (!Number.isFinite(hole.start_ms)) return [say("before-first"), ""];
  if (!Number.isFinite(hole.end_ms)) return [live ? say("waiting") : say("after-last"), ""];
  return [say("gap-here", { length: length(hole.end_ms - hole.start_ms) }), say("gap-unexplained")];
}
