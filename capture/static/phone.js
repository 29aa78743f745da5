/** The phone's page: camera on, wait until the session records, record, end. The screen stays awake. */

import { recordAlone } from "./alone.js";
import { NoDevice, openCamera, release, supported, whenEnded } from "./devices.js";
import { Meter } from "./meter.js";
import { complain, one, preview, text, write } from "./page.js";
import { RecordingView } from "./recording.js";
import { Watch } from "./status.js";
import { Steps } from "./steps.js";
import { Publisher } from "./whip.js";

const READY_EVERY_MS = 3000;

const page = one("#phone");
const watch = new Watch(page.dataset.status ?? "");
const steps = new Steps(() => {});
const publisher = new Publisher(page.dataset.endpoint ?? "", page.dataset.token ?? "", "phone");
const view = new RecordingView(new Map([["phone", publisher]]), watch);
/** An exam that records the phone alone has no other page on which to start. */
const alone = page.dataset.alone === "true";
/** @type {MediaStream | null} */
let camera = null;
let started = false;

const meters = [...document.querySelectorAll("svg.meter")].map(
  (svg) => new Meter(svg, (state) => svg.parentElement && write(one("[data-heard]", svg.parentElement), text(state))),
);

/** @param {string} failed where to say what went wrong */
async function giveCamera(failed) {
  const place = one(failed);
  complain(place, "");
  let given;
  try {
    given = await openCamera("environment");
  } catch (error) {
    if (!(error instanceof NoDevice)) throw error;
    complain(place, `webcam-${error.reason}`);
    return;
  }
  camera = given;
  whenEnded(given, () => gone(given));
  preview("video", given);
  for (const meter of meters) meter.watch(given);
  one("[data-camera]").dataset.camera = "on";
  view.away.delete("phone");
  void stayAwake();
  void sayReady();
  if (publisher.state === "stopped") publisher.publish(given);
  follow();
}

/** @param {MediaStream} lost */
function gone(lost) {
  if (camera !== lost) return;
  camera = null;
  release(lost);
  one("[data-camera]").dataset.camera = "off";
  if (steps.current !== "recording") return;
  view.away.add("phone");
  void publisher.stop("device-lost");
}

/** Does what the session's state asks for. */
function follow() {
  const state = watch.status?.state;
  if (state === "ended" || state === "expired") void end();
  else if (camera && publisher.state === "idle" && (state === "recording" || (alone && started))) {
    publisher.publish(camera);
    recordAlone(page.dataset.status ?? "", () => void goneElsewhere());
    steps.locked = true;
    steps.go("recording");
  }
}

/** Another tab of this phone records now; this one lets go. */
async function goneElsewhere() {
  if (view.ending) return;
  view.elsewhere = true;
  watch.stop();
  letGo();
  await publisher.stop("stopped");
  view.show();
}

function letGo() {
  for (const meter of meters) meter.stop();
  release(camera);
  camera = null;
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

one("#camera-on").addEventListener("click", () => void giveCamera("#camera-failed"));
one("#camera-again").addEventListener("click", () => void giveCamera("#again-failed"));
document.querySelector("#start")?.addEventListener("click", () => {
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
