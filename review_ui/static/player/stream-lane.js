/**
 * One stream's lane of the time line: what was recorded, received late, and missing, wholly or in one part.
 */

import { gapLabel, lackLabel } from "./gaps.js";
import { percent, svg } from "./svg.js";
import { length, say } from "./words.js";

/**
 * @typedef {import("./stream-index.js").StreamIndex} StreamIndex
 * @typedef {{ from: number, to: number, durationMs: number }} Visible
 * @typedef {{ start_ms: number, end_ms: number, label: string, drawn: (place: Record<string, string>) =>
 *   SVGElement[] }} Mark
 */

const GAP_PX_MIN = 4;
const LETTER_PX = 6.2;
const BAR = { y: 12, height: 7 };
/** A part's gap is as high as the bar that it is missing in; a whole gap is as high as the lane. */
const LACK = { y: 11, height: 9 };
const GAP = { y: 2, height: 18 };

/**
 * @param {SVGElement} track
 * @param {StreamIndex} index
 * @param {Visible} visible
 */
export function drawStream(track, index, visible) {
  const bar = (
    /** @type {string} */ kind,
    /** @type {number} */ start,
    /** @type {number} */ end,
    more = {},
  ) => {
    const [x, to] = [
      share(Math.max(start, visible.from), visible),
      share(Math.min(end, visible.to), visible),
    ];
    return to > x
      ? [svg("rect", { class: kind, x: percent(x), width: percent(to - x), ...BAR, ...more })]
      : [];
  };
  const late = index.segments.filter((segment) => segment.late);
  const drawn = [
    svg("rect", { class: "empty", width: "100%", ...BAR }),
    ...index.runs.flatMap((run) => bar("on", run.start_ms, run.end_ms)),
    ...late.flatMap(({ start_ms, duration_ms }) => [
      ...bar("empty", start_ms, start_ms + duration_ms),
      ...bar("", start_ms, start_ms + duration_ms, { fill: "url(#late)" }),
    ]),
  ];
  drawMarks(
    drawn,
    [...lackMarks(index, visible), ...gapMarks(index, visible)],
    visible,
    Math.max(1, track.clientWidth),
  );
  if (index.gone) drawn.push(svg("text", { x: 5, y: 9 }, say("erased")));
  track.replaceChildren(...drawn);
  track.setAttribute("aria-label", laneWords(index));
}

/** @param {number} ms @param {Visible} visible */
const share = (ms, { from, to }) => (ms - from) / (to - from);

/** @param {StreamIndex} index @param {Visible} visible @returns {Mark[]} */
function gapMarks(index, { durationMs }) {
  const first = index.runs[0]?.start_ms ?? Infinity;
  const holes = index
    .holes(0, durationMs)
    .filter((hole) => hole.gap || (hole.start_ms > first && index.nextStart(hole.start_ms) < Infinity));
  return holes.map((hole) => ({
    start_ms: hole.start_ms,
    end_ms: hole.end_ms,
    label: gapLabel(hole),
    drawn: (place) => pattern("hatch", gapLabel(hole), { ...place, ...GAP }),
  }));
}

/** @param {StreamIndex} index @param {Visible} visible @returns {Mark[]} */
function lackMarks(index, { durationMs }) {
  return index.lacks.map((gap) => {
    const label = lackLabel(gap);
    return {
      start_ms: gap.start_ms,
      end_ms: gap.end_ms ?? durationMs,
      label,
      drawn: (place) => pattern(`no-${gap.part}`, label, { ...place, ...LACK }),
    };
  });
}

/** @param {string} kind @param {string} label @param {Record<string, string | number>} place */
function pattern(kind, label, place) {
  return [
    svg("rect", { class: "ground", ...place }),
    svg("rect", { fill: `url(#${kind})`, ...place }, svg("title", {}, label)),
    svg("rect", { class: "gap-edge", ...place }),
  ];
}

/**
 * Each mark, and its words beside it where they fit before the next or after the last one.
 * @param {SVGElement[]} drawn
 * @param {Mark[]} marks
 * @param {Visible} visible
 * @param {number} width
 */
function drawMarks(drawn, marks, visible, width) {
  const seen = marks.filter((mark) => mark.end_ms >= visible.from && mark.start_ms <= visible.to);
  seen.sort((a, b) => a.start_ms - b.start_ms);
  let takenPx = 0;
  for (const [place, mark] of seen.entries()) {
    const next = seen[place + 1];
    const x = share(mark.start_ms, visible);
    const wide = Math.max(GAP_PX_MIN / width, share(mark.end_ms, visible) - x);
    drawn.push(...mark.drawn({ x: percent(x), width: percent(wide) }));
    const labelPx = mark.label.length * LETTER_PX;
    const startPx = (x + wide) * width + 5;
    const room = startPx + labelPx < (next ? share(next.start_ms, visible) * width : width);
    const fits = room || x * width - 5 - labelPx >= takenPx;
    takenPx = Math.max(takenPx, room ? startPx + labelPx : startPx);
    if (!fits) continue;
    const text = svg("text", { x: room ? 5 : -5, y: 9, "text-anchor": room ? "start" : "end" }, mark.label);
    drawn.push(svg("svg", { x: percent(room ? x + wide : x), overflow: "visible", class: "wide" }, text));
  }
}

/** @param {StreamIndex} index */
function laneWords(index) {
  const total = index.runs.reduce((sum, run) => sum + run.end_ms - run.start_ms, 0);
  if (!total) return say("lane-empty");
  const words = say("lane", { length: length(total), gaps: index.gaps.length });
  return [words, ...index.lacks.map(lackLabel)].join(", ");
}
