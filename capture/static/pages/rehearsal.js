/** The rehearsal: camera, screen and a real connection to an ingest that keeps nothing. */

import { maybe, one, press, write } from "/static/look/dom.js";
import { supported } from "../parts/abilities.js";
import { NoDevice, openCamera, openScreen, release, whenEnded } from "../devices/devices.js";
import { metersOfPage } from "../parts/meters.js";
import { complain, preview, text } from "../parts/texts.js";
import { Steps } from "../parts/steps.js";
import { Publisher } from "../publish/whip.js";

const ASK_EVERY_MS = 1000;
const ASK_TIMES_MAX = 30;

const page = one("#rehearsal");
const steps = new Steps(() => {});
const publisher = new Publisher(page.dataset.endpoint ?? "", page.dataset.token ?? "", "webcam");
/** @type {MediaStream | null} */
let camera = null;
/** @type {MediaStream | null} */
let screen = null;
let trying = false;

const meters = metersOfPage();

function show() {
  one("[data-camera]").dataset.camera = camera ? "on" : "off";
  maybe("[data-sharing]", (part) => (part.dataset.sharing = screen ? "on" : "off"));
  preview("video[data-self]", camera);
  preview("video[data-screen-view]", screen);
}

/**
 * @param {string} failed where to say what went wrong
 * @param {"webcam" | "screen"} stream
 * @param {() => Promise<MediaStream>} open
 */
async function give(failed, stream, open) {
  complain(one(failed), "");
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof NoDevice)) throw error;
    complain(one(failed), `${stream}-${error.reason}`);
    return null;
  }
}

async function giveCamera() {
  const given = await give("#camera-failed", "webcam", () => openCamera("user"));
  if (!given) return;
  release(camera);
  camera = given;
  for (const meter of meters) meter.watch(given);
  whenEnded(given, () => camera === given && ((camera = null), show()));
  show();
}

async function giveScreen() {
  const given = await give("#screen-failed", "screen", openScreen);
  if (!given) return;
  release(screen);
  screen = given;
  whenEnded(given, () => screen === given && ((screen = null), show()));
  show();
}

/** Sends the camera until the server has a whole piece of it, or says what hinders. */
async function tryConnection() {
  if (!camera || trying) return;
  trying = true;
  complain(one("#connection-failed"), "");
  write(one("[data-connection-said]"), text("rehearsal-sending"));
  publisher.publish(camera);
  let arrived = false;
  for (let times = 0; times < ASK_TIMES_MAX && !arrived && publisher.state !== "refused"; times += 1) {
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
    arrived = await heard();
  }
  await publisher.stop("stopped");
  trying = false;
  write(one("[data-connection-said]"), "");
  if (arrived) end();
  else complain(one("#connection-failed"), publisher.problem ? "rehearsal-refused" : "rehearsal-blocked");
}

/** Whether a whole piece has arrived. */
async function heard() {
  const headers = { Authorization: `Bearer ${page.dataset.token}` };
  const answer = await fetch(page.dataset.heard ?? "", { headers }).catch(() => null);
  return Boolean(answer?.ok && (await answer.json()).segments);
}

function end() {
  for (const meter of meters) meter.stop();
  release(camera);
  release(screen);
  camera = screen = null;
  show();
  steps.locked = true;
  steps.go("end");
}

press("#camera-on", () => void giveCamera());
press("#screen-on", () => void giveScreen());
press("#connection-try", () => void tryConnection());
press("[data-next]", () => steps.next());
press("[data-back]", () => history.back());
addEventListener("pagehide", () => publisher.leave());

steps.begin();
if (!supported(page.dataset.screen === "true" ? ["screen"] : [])) page.dataset.unsupported = "";
page.dataset.working = "";
