/** Puts the review page together: time line, one player per stream, conductor, views, lanes, keys. */

import { one } from "/static/look/dom.js";
import { actionsOf } from "./actions.js";
import { Conductor } from "./conductor.js";
import { prepareDecision, prepareTabs } from "./decision.js";
import { timecode } from "./dialogs.js";
import { Film } from "./film.js";
import { Flags } from "./flags.js";
import { listen } from "./keys.js";
import { whyBlocked } from "./gaps.js";
import { Logs } from "./logs.js";
import { Lanes } from "./lanes.js";
import { Problem } from "./problem.js";
import { renew } from "./renew.js";
import { Signals } from "./signals.js";
import { StreamPlayer } from "./stream-player.js";
import { Thumbnails } from "./thumbnails.js";
import { Timeline } from "./timeline-data.js";
import { prepareTransport } from "./transport.js";
import { Views } from "./views.js";
import { readWords, say } from "./words.js";

/** @typedef {import("./types.js").StreamName} StreamName */

/** What has just happened, in the one line for it. @param {string} text */
function tell(text) {
  one("#say").textContent = text;
}

/** @param {unknown} error */
function report(error) {
  const problem = error instanceof Problem ? error : new Problem(0, "", "");
  tell(`${problem.detail || say("offline")} ${problem.remedy || say("offline-do")}`);
}

async function start() {
  readWords();
  document.body.classList.add("is-live");
  prepareTabs(one("#side"));
  prepareDecision(/** @type {HTMLFormElement | null} */ (document.getElementById("decision")));
  const player = one("#player");
  const timeline = await Timeline.load(player.dataset.timeline ?? "");
  /** @type {Map<StreamName, StreamPlayer>} */
  const players = new Map();
  for (const view of player.querySelectorAll("[data-stream]")) {
    const name = /** @type {StreamName} */ (view.getAttribute("data-stream"));
    const index = timeline.streams.get(name);
    const video = view.querySelector("video");
    if (!index || !video) continue;
    players.set(name, new StreamPlayer(video, index, (n) => `${player.dataset.media}/${name}/${n}`));
  }
  const conductor = new Conductor(timeline, players);
  const views = new Views(one(".stage", player), conductor);
  const lanes = new Lanes(one("#timeline"), conductor);
  const flags = new Flags(one("#flags-panel"), conductor, lanes, report);
  const logs = new Logs(one("#side"), player.dataset.logs ?? "", conductor, lanes, report);
  const thumbnails = new Thumbnails(player.dataset.signals ?? "");
  const signals = new Signals(
    one("#side"),
    player.dataset.signals ?? "",
    conductor,
    lanes,
    thumbnails,
    report,
  );
  new Film(one("#timeline"), conductor, lanes, views, thumbnails);
  const actions = actionsOf({ player, conductor, views, lanes, flags, tell });
  prepareTransport(one(".transport", player), conductor, actions);
  listen(actions);
  openAt(conductor, views);
  lanes.draw();
  conductor.addEventListener("skip", (event) => {
    const { name, stretch } = /** @type {CustomEvent} */ (event).detail;
    tell(`${say(`stream-${name}`)}: ${whyBlocked(stretch, null).join(" ")}`);
  });
  const drawTime = timecode(player, conductor);
  const drawPosition = () => {
    drawTime();
    lanes.drawPosition();
  };
  conductor.addEventListener("tick", drawPosition);
  conductor.addEventListener("change", drawPosition);
  drawPosition();
  window.addEventListener("calls", (event) => {
    const sessions = /** @type {CustomEvent<string[]>} */ (event).detail;
    if (sessions.includes(timeline.session.id)) Promise.all([renew(), timeline.refresh()]).catch(report);
  });
  // For tests and for the curious: the state of the player, read only by name.
  Object.assign(window, { review: { timeline, conductor, views, lanes, flags, logs, signals } });
  player.dataset.ready = "true";
}

/** Streams that begin within this time of each other are seen together from the start. */
const TOGETHER_MS = 10_000;

/**
 * Where the link points: `?t=2026-11-16T08:31:47Z&main=screen`, else now, playing, while it is recorded; else
 * the first moment that all streams show which began together.
 * @param {Conductor} conductor
 * @param {Views} views
 */
function openAt(conductor, views) {
  const asked = new URLSearchParams(location.search);
  const main = /** @type {StreamName | null} */ (asked.get("main"));
  if (main) views.enlarge(main);
  const at = asked.get("t") ? conductor.timeline.clock.ofUtc(asked.get("t") ?? "") : null;
  if (at !== null) return conductor.seek(at);
  if (conductor.timeline.session.live) return conductor.toLive();
  const starts = [...conductor.timeline.streams.values()].flatMap((index) =>
    index.runs.slice(0, 1).map((run) => run.start_ms),
  );
  const together = starts.filter((start) => start - Math.min(...starts) < TOGETHER_MS);
  return conductor.seek(Math.max(0, ...together));
}

start().catch(report);
