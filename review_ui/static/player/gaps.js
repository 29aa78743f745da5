/** Why there is nothing to see, in words. Neutral: a gap is nobody's fault until a person says so. */

import { length, say } from "./words.js";

/**
 * @typedef {import("./blocked.js").Stretch} Stretch
 * @typedef {import("./types.js").GapData} GapData
 * @typedef {import("./stream-index.js").Hole} Hole
 * @typedef {import("./stream-index.js").StreamIndex} StreamIndex
 */

/** Short, for the time line: `gap 26 s: sharing ended`. @param {Hole} hole */
export function gapLabel(hole) {
  const open = !Number.isFinite(hole.end_ms) || hole.gap?.end_ms === null;
  const how = open ? say("gap-open") : say("gap", { length: length(hole.end_ms - hole.start_ms) });
  return hole.gap ? `${how}: ${say(`cause-${hole.gap.cause}`)}` : how;
}

/** The same where a part alone is missing: `no sound 26 s: microphone silent`. @param {GapData} gap */
export function lackLabel(gap) {
  const how =
    gap.end_ms === null
      ? say(`no-${gap.part}-open`)
      : say(`no-${gap.part}`, { length: length(gap.end_ms - gap.start_ms) });
  return `${how}: ${say(`cause-${gap.cause}`)}`;
}

/** @param {GapData} gap */
const because = (gap) => `${say(`cause-${gap.cause}`)} (${say(`reason-${gap.reason}`)})`;

/**
 * Two lines, as of `whyNothing`, for a moment of which there is sound or picture alone; empty where all is
 * there.
 *
 * @param {StreamIndex} index
 * @param {number} ms
 * @returns {[string, string]}
 */
export function whatLacks(index, ms) {
  const gap = index.lackAt(ms);
  if (gap) return [say(`no-${gap.part}-here`), because(gap)];
  return index.isUnseen(ms) ? [say("no-picture-here"), say("gap-unexplained")] : ["", ""];
}

/**
 * Two lines, as of `whyNothing`, for what was recorded and cannot be played.
 * @param {Stretch} stretch
 * @param {GapData | null} gap  what the record says of it
 * @returns {[string, string]}
 */
export function whyBlocked(stretch, gap) {
  const { problem } = stretch;
  if (problem) return [problem.detail || say("refused"), problem.remedy];
  const what = say("blocked-here", { length: length(stretch.end_ms - stretch.start_ms) });
  return [what, gap ? because(gap) : say("blocked-why")];
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
    const reason = because(hole.gap);
    if (Number.isFinite(hole.end_ms))
      return [say("gap-here", { length: length(hole.end_ms - hole.start_ms) }), reason];
    return [say("gap-lasting"), reason];
  }
  if (!Number.isFinite(hole.start_ms)) return [say("before-first"), ""];
  if (!Number.isFinite(hole.end_ms)) return [live ? say("waiting") : say("after-last"), ""];
  return [say("gap-here", { length: length(hole.end_ms - hole.start_ms) }), say("gap-unexplained")];
}
