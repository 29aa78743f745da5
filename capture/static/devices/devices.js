/**
 * Camera, microphone and screen, and why they are not there: every failure is one reason, and every
 * reason has one instruction on the page.
 *
 * @typedef {"blocked" | "no-device" | "in-use" | "wrong-surface" | "cancelled" | "failed"} Reason
 */

import { isWholeScreen } from "./whole-screen.js";

// The letters of a card have to be read.
const STILL_WIDTH = 1600;
const STILL_HEIGHT = 1200;
const SCREEN_FRAMES = 5;
// Text stays legible; a larger screen is scaled down.
const SCREEN_WIDTH_MAX = 1920;
const SCREEN_HEIGHT_MAX = 1200;

/** A device that is not given. */
export class NoDevice extends Error {
  /** @param {Reason} reason */
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}

// A whisper in the room is not noise: nothing is taken out of the sound but its own echo.
const SOUND = { echoCancellation: true, noiseSuppression: false };

/**
 * `facing`: "user" towards the person, "environment" away from the holder.
 * @param {"user" | "environment"} facing
 */
const picture = (facing) => ({
  width: { ideal: 640 },
  height: { ideal: 480 },
  frameRate: { ideal: 15 },
  facingMode: facing,
});

/** Camera with microphone. Throws NoDevice. @param {"user" | "environment"} facing */
export function openCamera(facing) {
  return ask({ video: picture(facing), audio: SOUND });
}

/**
 * One of the two alone. Throws NoDevice.
 * @param {"picture" | "sound"} part
 * @param {"user" | "environment"} facing
 */
export function openPart(part, facing) {
  return ask(part === "picture" ? { video: picture(facing), audio: false } : { video: false, audio: SOUND });
}

/**
 * A camera without sound, as sharp as it can, for one still picture.
 * @param {"user" | "environment"} facing
 */
export function openStill(facing) {
  const video = { width: { ideal: STILL_WIDTH }, height: { ideal: STILL_HEIGHT }, facingMode: facing };
  return ask({ video, audio: false });
}

/** @param {MediaStreamConstraints} wanted */
async function ask(wanted) {
  try {
    return await navigator.mediaDevices.getUserMedia(wanted);
  } catch (error) {
    throw new NoDevice(cameraReason(error));
  }
}

/** The whole screen. Another surface is let go at once. */
export async function openScreen() {
  let media;
  try {
    media = await navigator.mediaDevices.getDisplayMedia(
      /** @type {DisplayMediaStreamOptions} */ ({
        video: {
          displaySurface: "monitor",
          frameRate: { ideal: SCREEN_FRAMES },
          width: { max: SCREEN_WIDTH_MAX },
          height: { max: SCREEN_HEIGHT_MAX },
        },
        audio: false,
        monitorTypeSurfaces: "include",
        selfBrowserSurface: "exclude",
        surfaceSwitching: "exclude",
      }),
    );
  } catch (error) {
    throw new NoDevice(nameOf(error) === "NotAllowedError" ? "cancelled" : "failed");
  }
  const [track] = media.getVideoTracks();
  if (!(await isWholeScreen(media, { width: SCREEN_WIDTH_MAX, height: SCREEN_HEIGHT_MAX }))) {
    release(media);
    throw new NoDevice("wrong-surface");
  }
  track.contentHint = "text";
  return media;
}

/** Lets every device of `media` go. @param {MediaStream | null} media */
export function release(media) {
  for (const track of media?.getTracks() ?? []) track.stop();
}

/**
 * Calls `ended` once, when a track of `media` ends by itself: unplugged, taken away, sharing stopped.
 * @param {MediaStream} media
 * @param {() => void} ended
 */
export function whenEnded(media, ended) {
  const away = new AbortController();
  for (const track of media.getTracks()) {
    track.addEventListener("ended", () => (away.abort(), ended()), { signal: away.signal });
  }
}

/** @param {unknown} error @returns {Reason} */
function cameraReason(error) {
  switch (nameOf(error)) {
    case "NotAllowedError":
    case "SecurityError":
      return "blocked";
    case "NotFoundError":
    case "OverconstrainedError":
      return "no-device";
    case "NotReadableError":
    case "AbortError":
      return "in-use";
    default:
      return "failed";
  }
}

/** @param {unknown} error */
function nameOf(error) {
  return error instanceof Error || error instanceof DOMException ? error.name : "";
}
