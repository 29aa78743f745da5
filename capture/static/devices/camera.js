/**
 * A camera and its microphone, each by itself: one may go away, be muted by the system, and come back, while
 * the other goes on.
 *
 * Events: `change` when a part is missing or back; `ended`, once, when both are gone.
 *
 * @typedef {"picture" | "sound"} Part
 * @typedef {"" | "lost" | "muted"} Lack  why a part is missing: its device went away, or gives nothing
 * @typedef {Record<Part, Lack>} Lacks
 */

import { openCamera, openPart } from "./devices.js";

/** @type {Part[]} */
const PARTS = ["picture", "sound"];
const KINDS = /** @type {const} */ ({ picture: "video", sound: "audio" });
const PERMISSIONS = { picture: "camera", sound: "microphone" };
// A system that switches devices mutes for a moment.
const MUTED_AFTER_MS = 2000;
// A change of the devices may be told a little before the track's end, and before the new one can be opened.
const CHANGE_NEAR_MS = 3000;

export class Camera extends EventTarget {
  /** @type {Lacks} */
  lacks = { picture: "", sound: "" };
  #changedAt = -Infinity;
  #trying = false;
  #away = new AbortController();

  /** Throws NoDevice. @param {"user" | "environment"} facing */
  static async open(facing) {
    return new Camera(facing, await openCamera(facing));
  }

  /**
   * @param {"user" | "environment"} facing
   * @param {MediaStream} media  stays the same object; it holds the tracks that live
   */
  constructor(facing, media) {
    super();
    this.facing = facing;
    this.media = media;
    for (const part of PARTS) for (const track of this.#tracks(part)) this.#watch(part, track);
    navigator.mediaDevices.addEventListener("devicechange", () => this.#changed(), {
      signal: this.#away.signal,
    });
  }

  /** Asks for a part that is gone. Throws NoDevice. @param {Part} part */
  async renew(part) {
    const given = await openPart(part, this.facing);
    const [track] = given.getTracks();
    if (this.#away.signal.aborted || this.lacks[part] !== "lost") return track.stop();
    for (const old of this.#tracks(part)) this.media.removeTrack(old);
    this.media.addTrack(track);
    this.#watch(part, track);
    this.#set(part, "");
  }

  /** Lets both devices go. */
  release() {
    this.#away.abort();
    for (const track of this.media.getTracks()) track.stop();
  }

  /** @param {Part} part */
  #tracks(part) {
    return this.media.getTracks().filter((track) => track.kind === KINDS[part]);
  }

  /** @param {Part} part @param {MediaStreamTrack} track */
  #watch(part, track) {
    const { signal } = this.#away;
    /** @type {number | undefined} */
    let muted;
    const quiet = () => {
      clearTimeout(muted);
      muted = setTimeout(
        () => track.muted && track.readyState === "live" && this.#set(part, "muted"),
        MUTED_AFTER_MS,
      );
    };
    track.addEventListener("mute", quiet, { signal });
    track.addEventListener("unmute", () => this.lacks[part] === "muted" && this.#set(part, ""), { signal });
    track.addEventListener("ended", () => this.#ended(part, track), { signal });
    if (track.muted) quiet();
  }

  /** @param {Part} part @param {MediaStreamTrack} track */
  #ended(part, track) {
    this.media.removeTrack(track);
    if (!this.media.getTracks().some((other) => other.readyState === "live")) {
      this.#away.abort();
      this.dispatchEvent(new Event("ended"));
      return;
    }
    this.#set(part, "lost");
    if (performance.now() - this.#changedAt < CHANGE_NEAR_MS) void this.#tryAgain();
  }

  #changed() {
    this.#changedAt = performance.now();
    void this.#tryAgain();
    setTimeout(() => void this.#tryAgain(), CHANGE_NEAR_MS);
  }

  /** Takes a part back by itself, where a device for it is there and the browser would not ask. */
  async #tryAgain() {
    if (this.#trying) return;
    this.#trying = true;
    for (const part of PARTS) {
      if (this.lacks[part] === "lost" && (await there(part)) && (await allowed(part))) {
        // What cannot be opened now may be given by the button.
        await this.renew(part).catch(() => {});
      }
    }
    this.#trying = false;
  }

  /** @param {Part} part @param {Lack} lack */
  #set(part, lack) {
    if (this.lacks[part] === lack || this.#away.signal.aborted) return;
    this.lacks = { ...this.lacks, [part]: lack };
    this.dispatchEvent(new Event("change"));
  }
}

/** @param {Part} part */
async function there(part) {
  const devices = await navigator.mediaDevices.enumerateDevices().catch(() => []);
  return devices.some((device) => device.kind === `${KINDS[part]}input`);
}

/** @param {Part} part */
async function allowed(part) {
  const name = /** @type {PermissionName} */ (PERMISSIONS[part]);
  // A browser that cannot tell would ask, and a question that nobody awaits is refused.
  const permission = await navigator.permissions?.query({ name }).catch(() => null);
  return permission?.state === "granted";
}
