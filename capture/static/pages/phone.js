/** The phone's page: camera on, wait until the session records, record, end. The screen stays awake. */

import { one, press, write } from "/static/look/dom.js";
import { supported } from "../parts/abilities.js";
import { Camera } from "../devices/camera.js";
import { NoDevice } from "../devices/devices.js";
import { EventLog } from "../parts/event-log.js";
import { givePart } from "../parts/give-part.js";
import { metersOfPage } from "../parts/meters.js";
import { EVERYTHING, MissingLog } from "../parts/missing-log.js";
import { complain, preview, text, timeOfDay } from "../parts/texts.js";
import { RecordingView } from "../parts/recording-view.js";
import { Watch } from "../parts/session-status.js";
import { Steps } from "../parts/steps.js";
import { Publisher } from "../publish/whip.js";

const READY_EVERY_MS = 3000;

const page = one("#phone");
const watch = new Watch(page.dataset.status ?? "");
const steps = new Steps(() => {});
const publisher = new Publisher(page.dataset.endpoint ?? "", page.dataset.token ?? "", "phone");
const view = new RecordingView(new Map([["phone", publisher]]), watch);
publisher.addEventListener("state", () => {
  if (publisher.state === "recording") recorded = true;
  // It was recorded here, and another phone was chosen since.
  else if (publisher.elsewhere && recorded) goneElsewhere();
});
/** An exam that records the phone alone has no other page on which to start. */
const alone = page.dataset.alone === "true";
const log = new EventLog(
  page.dataset.events ?? "",
  page.dataset.events ? publisher.endpoint.token : "",
  watch.clock,
);
const missing = new MissingLog(log, "phone");
/** @type {Camera | null} */
let camera = null;
let started = false;
let recorded = false;

const meters = metersOfPage();

/** @param {string} failed where to say what went wrong */
async function giveCamera(failed) {
  const place = one(failed);
  complain(place, "");
  let given;
  try {
    given = await Camera.open("environment");
  } catch (error) {
    if (!(error instanceof NoDevice)) throw error;
    complain(place, `webcam-${error.reason}`);
    return;
  }
  camera?.release();
  camera = given;
  given.addEventListener("ended", () => gone(given));
  given.addEventListener("change", () => partChanged(given));
  preview("video", given.media);
  for (const meter of meters) meter.watch(given.media);
  one("[data-camera]").dataset.camera = "on";
  view.away.delete("phone");
  void stayAwake();
  void sayReady();
  if (publisher.state === "stopped") publisher.publish(given.media);
  showLacks();
  follow();
}

/** The picture or the sound went away or came back; the other goes on. @param {Camera} changed */
function partChanged(changed) {
  if (changed !== camera) return;
  // Before the start both have to be there.
  if (steps.current !== "recording" && Object.values(changed.lacks).includes("lost")) return gone(changed);
  for (const meter of meters) meter.watch(changed.media);
  void publisher.follow();
  complain(one("#again-failed"), "");
  showLacks();
}

function showLacks() {
  if (!camera) return;
  view.lacks.set("phone", camera.lacks);
  if (steps.current !== "recording") return;
  missing.tell(camera.lacks);
  view.show();
}

/** @param {Camera} lost */
function gone(lost) {
  if (camera !== lost) return;
  camera = null;
  lost.release();
  one("[data-camera]").dataset.camera = "off";
  if (steps.current !== "recording") return;
  missing.tell(EVERYTHING);
  view.away.add("phone");
  void publisher.stop("device-lost");
}

/** Does what the session's state asks for. */
function follow() {
  const state = watch.status?.state;
  const until = Date.parse(watch.status?.streams["phone"]?.until ?? "");
  if (state === "recording" && until) {
    one("[data-interrupted]").hidden = false;
    write(one("[data-interrupted-at]"), text("resume-at", { time: timeOfDay(until) }));
  }
  if (state === "ended" || state === "expired") void end();
  else if (camera && publisher.state === "idle" && (state === "recording" || (alone && started))) {
    publisher.publish(camera.media);
    steps.locked = true;
    steps.go("recording");
    showLacks();
  }
}

/** Another phone records now; this one lets go. */
function goneElsewhere() {
  if (view.ending || view.elsewhere) return;
  view.elsewhere = true;
  watch.stop();
  letGo();
  view.show();
}

/** The candidate chooses this phone. */
function here() {
  if (camera) publisher.publish(camera.media, true);
  else location.reload();
}

function letGo() {
  for (const meter of meters) meter.stop();
  camera?.release();
  camera = null;
  if (log.token) void log.end();
  preview("video", null);
}

async function end() {
  if (view.ending) return;
  view.ending = true;
  watch.stop();
  await publisher.stop("stopped");
  letGo();
  steps.locked = true;
  steps.go("end");
  const unsent = one("#unsent");
  unsent.hidden = false;
  await view.sendRest();
  unsent.hidden = true;
}

/** The computer's page waits for this word. */
async function sayReady() {
  if (!camera || view.ending) return;
  await fetch(page.dataset.tell ?? "", { method: "POST" }).catch(() => {});
}

async function stayAwake() {
  if (document.hidden || !("wakeLock" in navigator)) return;
  // Refused when the battery is low; the page says to keep the screen on anyway.
  await navigator.wakeLock.request("screen").catch(() => {});
}

press("#camera-on", () => void giveCamera("#camera-failed"));
press("#camera-again", () => void giveCamera("#again-failed"));
press("#here-instead", here);
press("#microphone-again", () => void givePart(camera, "sound"));
press("#picture-again", () => void givePart(camera, "picture"));
press("#start", () => {
  started = true;
  follow();
});
document.addEventListener("visibilitychange", () => camera && void stayAwake());
watch.addEventListener("status", follow);
addEventListener("pagehide", () => publisher.leave());
setInterval(() => void sayReady(), READY_EVERY_MS);

steps.begin();
watch.start();
if (!supported(["phone"])) page.dataset.unsupported = "";
page.dataset.working = "";
