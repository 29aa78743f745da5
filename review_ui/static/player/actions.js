/** Everything that a key or a button of the transport can ask for, by name. */

import { flagDialog, goDialog, keysDialog } from "./dialogs.js";
import { say } from "./words.js";

/**
 * @typedef {import("./conductor.js").Conductor} Conductor
 * @typedef {import("./views.js").Views} Views
 * @typedef {import("./lanes.js").Lanes} Lanes
 * @typedef {import("./flags.js").Flags} Flags
 */

const JUMP_MS = 10_000;
const FRAME_MS = 1000 / 15;
const JUMPS_BEFORE_FASTER = 3;
const REPEAT_WITHIN_MS = 900;

/**
 * @typedef {object} Parts
 * @property {HTMLElement} player
 * @property {Conductor} conductor
 * @property {Views} views
 * @property {Lanes} lanes
 * @property {Flags} flags
 * @property {(text: string) => void} tell
 */

/**
 * @param {Parts} parts
 * @returns {Record<string, () => void>}
 */
export function actionsOf({ player, conductor, views, lanes, flags, tell }) {
  const skip = (/** @type {number} */ ms) => () => conductor.seek(conductor.positionMs + ms);
  const frame = (/** @type {1 | -1} */ direction) => () => {
    if (conductor.playing) conductor.pause();
    conductor.seek(conductor.positionMs + direction * FRAME_MS);
  };
  const enlarge = (/** @type {number} */ place) => () => {
    const name = views.names[place];
    if (name) views.enlarge(name);
  };
  const openFlag = flagDialog(
    conductor,
    () => where(lanes, conductor),
    () => dropRange(),
  );
  const dropRange = () => {
    lanes.range = null;
    lanes.draw();
    tell("");
  };
  let onTimes = { last: 0, count: 0 };
  return {
    toggle: () => conductor.toggle(),
    back: skip(-JUMP_MS),
    on: () => {
      const now = performance.now();
      onTimes = { last: now, count: now - onTimes.last < REPEAT_WITHIN_MS ? onTimes.count + 1 : 0 };
      if (conductor.playing && onTimes.count >= JUMPS_BEFORE_FASTER) conductor.changeRate(1);
      else skip(JUMP_MS)();
    },
    secondBack: skip(-1000),
    secondOn: skip(1000),
    fiveBack: skip(-5000),
    fiveOn: skip(5000),
    frameBack: frame(-1),
    frameOn: frame(1),
    previousFlag: () => flags.move(-1),
    nextFlag: () => flags.move(1),
    slower: () => conductor.changeRate(-1),
    faster: () => conductor.changeRate(1),
    first: enlarge(0),
    second: enlarge(1),
    third: enlarge(2),
    rangeIn: () => {
      lanes.range = { start_ms: conductor.positionMs, end_ms: null };
      lanes.draw();
      tell(say("range-from", { from: conductor.timeline.clock.civil(lanes.range.start_ms) }));
    },
    rangeOut: () => {
      const now = conductor.positionMs;
      const start = Math.min(lanes.range?.start_ms ?? now, now);
      lanes.range = { start_ms: start, end_ms: now };
      lanes.draw();
      const { clock } = conductor.timeline;
      tell(say("range", { from: clock.civil(start), to: clock.civil(now) }));
    },
    dropRange,
    flagHere: () => (openFlag ? openFlag() : tell(say("flag-not"))),
    confirm: () => flags.decide("confirmed"),
    dismiss: () => flags.decide("dismissed"),
    goTo: goDialog(conductor),
    fullScreen: () => {
      if (document.fullscreenElement) void document.exitFullscreen();
      else void player.requestFullscreen();
    },
    sound: () => conductor.setMuted(!conductor.muted),
    live: () =>
      conductor.timeline.session.live ? conductor.toLive() : conductor.seek(conductor.timeline.edgeMs),
    copyLink: () => {
      const link = new URL(location.pathname, location.href);
      link.searchParams.set("t", conductor.timeline.clock.utc(conductor.positionMs));
      link.searchParams.set("main", views.main ?? "");
      navigator.clipboard.writeText(link.href).then(
        () => tell(say("copied")),
        () => tell(link.href),
      );
    },
    help: keysDialog(),
  };
}

/** What a new flag would cover. @param {Lanes} lanes @param {Conductor} conductor */
function where(lanes, conductor) {
  const now = conductor.positionMs;
  const start_ms = lanes.range?.start_ms ?? now;
  return { start_ms, end_ms: Math.max(start_ms, lanes.range?.end_ms ?? now) };
}
