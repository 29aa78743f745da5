/** The candidate's exam page: camera, phone, screen, start, recording, end. Nothing is sent before start. */

import { maybe, one, press, write } from "/static/look/dom.js";
import { supported } from "../parts/abilities.js";
import { Activity } from "../parts/activity.js";
import { Camera } from "../devices/camera.js";
import { NoDevice, openScreen, release, whenEnded } from "../devices/devices.js";
import { watchDisplays } from "../devices/displays.js";
import { EventLog } from "../parts/event-log.js";
import { Help } from "../parts/help.js";
import { CardCopy } from "../parts/card-copy.js";
import { givePart } from "../parts/give-part.js";
import { metersOfPage } from "../parts/meters.js";
import { EVERYTHING, MissingLog } from "../parts/missing-log.js";
import { complain, preview, text } from "../parts/texts.js";
import { RecordingView } from "../parts/recording-view.js";
import { Resume } from "../parts/resume.js";
import { Schedule } from "../parts/schedule.js";
import { Watch } from "../parts/session-status.js";
import { Steps } from "../parts/steps.js";
import { Publisher } from "../publish/whip.js";

const FINISH_AGAIN_MS = 3000;

const page = one("#exam");
const streams = (page.dataset.streams ?? "").split(" ");
const watch = new Watch(page.dataset.status ?? "");
const resumes = Boolean(document.querySelector('[data-step="resume"]'));
const card = page.hasAttribute("data-identity") ? new CardCopy(one("[data-card]"), "user") : null;
const steps = new Steps((name) => {
  if (name !== "end" && (name !== "camera" || resumes)) watch.start();
  if (name !== "identity") card?.rest();
});
/** @type {Map<string, MediaStream>} */
const media = new Map();
/** @type {Camera | null} */
let camera = null;
/** @type {Map<string, Publisher>} */
const publishers = new Map();
for (const stream of /** @type {("webcam" | "screen")[]} */ (["webcam", "screen"])) {
  const token = page.getAttribute(`data-token-${stream}`);
  if (token) publishers.set(stream, new Publisher(page.dataset.endpoint ?? "", token, stream));
}
const view = new RecordingView(publishers, watch);
for (const publisher of publishers.values()) {
  publisher.addEventListener("state", () => publisher.elsewhere && recording && void goneElsewhere());
}
const resume = resumes ? new Resume(watch, publishers, (instead) => void goOn(instead)) : null;
const log = new EventLog(page.dataset.events ?? "", page.dataset.tokenEvents ?? "", watch.clock);
const activity = new Activity(log);
const missing = new MissingLog(log, "webcam");
let recording = false;
const schedule = new Schedule(page, watch, { tick: () => showWay(), over: () => void finish("time-over") });
new Help(one("#help"), watch);

const meters = metersOfPage();

/** Asks for the camera; on the way, or again after it was lost. @param {string} failed */
async function giveCamera(failed) {
  await give("webcam", openWebcam, failed);
  preview("video[data-self]", media.get("webcam") ?? null);
}

async function openWebcam() {
  const opened = await Camera.open("user");
  camera?.release();
  camera = opened;
  opened.addEventListener("ended", () => gone("webcam", opened.media));
  opened.addEventListener("change", () => partChanged(opened));
  for (const meter of meters) meter.watch(opened.media);
  return opened.media;
}

/**
 * The picture or the sound of the webcam went away or came back; the other goes on.
 * @param {Camera} changed
 */
function partChanged(changed) {
  if (changed !== camera) return;
  // On the way to the start both have to be there.
  if (!recording && Object.values(changed.lacks).includes("lost")) return gone("webcam", changed.media);
  for (const meter of meters) meter.watch(changed.media);
  void publishers.get("webcam")?.follow();
  complain(one("#again-failed"), "");
  showLacks();
  showWay();
}

function showLacks() {
  if (!camera) return;
  view.lacks.set("webcam", camera.lacks);
  if (recording) missing.tell(camera.lacks);
}

/** Asks for the screen; on the way, or again after sharing ended. @param {string} failed */
async function giveScreen(failed) {
  const open = async () => {
    const given = await openScreen();
    whenEnded(given, () => gone("screen", given));
    return given;
  };
  await give("screen", open, failed);
  preview("video[data-screen]", media.get("screen") ?? null);
}

/**
 * Opens one device and, while recording, publishes it as a new take.
 * @param {"webcam" | "screen"} stream
 * @param {() => Promise<MediaStream>} open
 * @param {string} failed where to say what went wrong
 */
async function give(stream, open, failed) {
  const place = one(failed);
  complain(place, "");
  let given;
  try {
    given = await open();
  } catch (error) {
    if (!(error instanceof NoDevice)) throw error;
    complain(place, `${stream}-${error.reason}`);
    return;
  }
  release(media.get(stream) ?? null);
  media.set(stream, given);
  view.away.delete(stream);
  showLacks();
  if (recording) publishers.get(stream)?.publish(given);
  showWay();
}

/** A device went away by itself. @param {"webcam" | "screen"} stream @param {MediaStream} lost */
function gone(stream, lost) {
  if (media.get(stream) !== lost) return;
  media.delete(stream);
  release(lost);
  if (stream === "webcam") camera?.release();
  if (recording) {
    if (stream === "webcam") missing.tell(EVERYTHING);
    view.away.add(stream);
    void publishers.get(stream)?.stop(stream === "screen" ? "sharing-ended" : "device-lost");
  }
  showWay();
}

/** What is there already, and what still has to be given before the start. */
function showWay() {
  maybe("[data-camera]", (part) => (part.dataset.camera = media.has("webcam") ? "on" : "off"));
  maybe("[data-sharing]", (part) => (part.dataset.sharing = media.has("screen") ? "on" : "off"));
  const phone = watch.status?.streams["phone"];
  const connected = Boolean(phone?.ready || phone?.open);
  maybe("[data-paired]", (part) => (part.dataset.paired = connected ? "on" : "off"));
  /** @param {string} thing */
  const there = (thing) =>
    thing === "identity" ? card?.sent : thing === "phone" ? connected : media.has(thing);
  const wanted = card ? [...streams, "identity"] : streams;
  const missing = (watch.status?.needed ?? wanted).filter((thing) => !there(thing));
  for (const thing of wanted) {
    maybe(`[data-ready="${thing}"]`, (mark) => (mark.dataset.state = there(thing) ? "on" : "off"));
  }
  const start = one("#start");
  const waiting = recording ? "" : schedule.waiting();
  start.setAttribute("aria-disabled", String(missing.length > 0 || waiting !== ""));
  write(
    one("#start-missing"),
    missing.length ? text(`missing-${missing[0]}`) : waiting || text("start-note"),
  );
  schedule.show(recording && !view.ending);
  if (recording) view.show();
}

function start() {
  if (one("#start").getAttribute("aria-disabled") === "true") return;
  begin(false);
}

/**
 * After an interruption: gives again what this page records, and records.
 * @param {boolean} instead of another page
 */
async function goOn(instead) {
  // The screen first: a page may ask for it only just after a press.
  if (publishers.has("screen") && !media.has("screen")) await giveScreen("#resume-failed");
  if (publishers.has("webcam") && !media.has("webcam")) await giveCamera("#resume-failed");
  if ([...publishers.keys()].every((stream) => media.has(stream))) begin(instead);
}

/** @param {boolean} instead in place of another page that records */
function begin(instead) {
  recording = true;
  for (const [stream, publisher] of publishers) {
    const given = media.get(stream);
    if (given) publisher.publish(given, instead);
  }
  activity.begin();
  showLacks();
  steps.locked = true;
  steps.go("recording");
  view.show();
}

/** Another page records now; this one lets go. */
async function goneElsewhere() {
  if (view.ending || view.elsewhere) return;
  view.elsewhere = true;
  watch.stop();
  letGo();
  const others = [...publishers.values()].filter((publisher) => !publisher.elsewhere);
  await Promise.all(others.map((publisher) => publisher.stop("stopped")));
  view.show();
}

/**
 * Ends it: first everything that was recorded arrives, then the session is over.
 * @param {string} [why] what the end page says beside that it has ended
 */
async function finish(why) {
  if (view.ending) return;
  if (why) maybe(`[data-end="${why}"]`, (part) => (part.hidden = false));
  view.ending = true;
  view.show();
  await Promise.all([...publishers.values()].map((publisher) => publisher.stop("stopped")));
  await Promise.race([activity.end(), new Promise((resolve) => setTimeout(resolve, FINISH_AGAIN_MS))]);
  letGo();
  const told = tellFinish();
  await Promise.race([told, new Promise((resolve) => setTimeout(resolve, 2 * FINISH_AGAIN_MS))]);
  watch.stop();
  steps.go("end");
}

/** Tells the server until it has heard; the end page says so while it has not. */
async function tellFinish() {
  const untold = one("#untold");
  for (;;) {
    const heard = await view.announce();
    const answer = heard && (await fetch(page.dataset.finish ?? "", { method: "POST" }).catch(() => null));
    const told = Boolean(answer && answer.ok);
    untold.hidden = told;
    if (told) return sendRest();
    await new Promise((resolve) => setTimeout(resolve, FINISH_AGAIN_MS));
  }
}

/** What the server does not have yet; the end page says so until it has. */
async function sendRest() {
  const unsent = one("#unsent");
  unsent.hidden = false;
  await view.sendRest();
  unsent.hidden = true;
}

function letGo() {
  recording = false;
  void activity.end();
  for (const meter of meters) meter.stop();
  camera?.release();
  for (const given of media.values()) release(given);
  media.clear();
  preview("video", null);
}

/** The exam body, or the time window, ended the session. */
async function endedElsewhere() {
  if (view.ending || steps.current === "end") return;
  view.ending = true;
  await Promise.all([...publishers.values()].map((publisher) => publisher.stop("stopped")));
  letGo();
  watch.stop();
  steps.locked = true;
  steps.go("end");
  await sendRest();
}

press("#camera-on", () => void giveCamera("#camera-failed"));
press("#camera-again", () => void giveCamera("#again-failed"));
press("#screen-on", () => void giveScreen("#screen-failed"));
press("#microphone-again", () => void givePart(camera, "sound"));
press("#picture-again", () => void givePart(camera, "picture"));
press("#screen-again", () => void giveScreen("#again-failed"));
press("[data-next]", () => steps.next());
press("[data-back]", () => history.back());
press("#start", start);
press("#here-instead", () => location.reload());
const dialog = /** @type {HTMLDialogElement} */ (one("#leave"));
press("#stop", () => dialog.showModal());
press("#stay", () => dialog.close());
press("#finish", () => (dialog.close(), void finish()));

card?.addEventListener("sent", showWay);
watch.addEventListener("status", () => {
  card?.arrived(watch.status?.identity_images ?? 0);
  const state = watch.status?.state;
  const why = watch.status?.ended_why;
  if (why) maybe(`[data-end="${why}"]`, (part) => (part.hidden = false));
  if (state === "ended" || state === "expired") void endedElsewhere();
  else showWay();
  resume?.show();
  // The phone alone is recorded, and started on the phone: this page only follows.
  if (state === "recording" && !publishers.size && !recording) start();
});
addEventListener("beforeunload", (event) => recording && event.preventDefault());
addEventListener("pagehide", () => {
  for (const publisher of publishers.values()) publisher.leave();
});

watchDisplays((second) => {
  view.secondDisplay = second;
  maybe("[data-second-display]", (part) => (part.hidden = !second));
  if (recording) view.show();
});
steps.begin();
showWay();
if (!supported(streams)) page.dataset.unsupported = "";
page.dataset.working = "";
