/**
 * One MediaSource with one SourceBuffer in one <video>, opened anew where it has to be.
 *
 * `timestampOffset` puts every segment at its session time, so that `video.currentTime` is the session's
 * clock in every stream. A take that comes back with another codec goes on in the same buffer
 * (`changeType`); one that gains or loses a kind of track needs a new MediaSource, because a SourceBuffer
 * never changes its tracks. So does a stream after an error: a <video> in error takes nothing more.
 */

import { kindsOf } from "./stream-index.js";

/**
 * A session may grow, and its end must not end the <video>: the buffer is declared longer than what is there.
 */
const SPARE_S = 24 * 3600;
/** How much is kept before the position, in ms of media. */
const BEHIND_MS = 20_000;
/** The same once the browser said that its buffer is full. */
const BEHIND_MS_MIN = 2_000;
/** So much may lie outside the window that is kept before it is dropped. */
const LOOSE_S = 5;
/** Thrown when the <video> gave up meanwhile, on something else than what is being appended. */
export const BROKEN = new Error("The video element is in error.");

export class MediaBuffer {
  /** @type {MediaSource | null} */
  #source = null;
  /** @type {SourceBuffer | null} */
  #buffer = null;
  #behindMs = BEHIND_MS;

  /** @param {HTMLVideoElement} video */
  constructor(video) {
    this.video = video;
    this.mediaType = "";
  }

  get isOpen() {
    return this.#buffer !== null;
  }

  /**
   * Whether a segment of this type can go into the present buffer; true when there is none yet.
   * @param {string} mediaType
   */
  fits(mediaType) {
    if (!this.#buffer) return true;
    const [now, then] = [kindsOf(this.mediaType), kindsOf(mediaType)];
    return now.audio === then.audio && now.video === then.video;
  }

  /** A fresh MediaSource in the same <video>; what was buffered is gone. @param {string} mediaType */
  async open(mediaType) {
    this.close();
    const wasPlaying = !this.video.paused;
    const rate = this.video.playbackRate;
    const source = new MediaSource();
    const opened = new Promise((resolve) => source.addEventListener("sourceopen", resolve, { once: true }));
    const url = URL.createObjectURL(source);
    this.video.src = url;
    await opened;
    URL.revokeObjectURL(url);
    this.#source = source;
    this.#buffer = source.addSourceBuffer(mediaType);
    this.mediaType = mediaType;
    this.video.playbackRate = rate;
    if (wasPlaying) void this.video.play().catch(() => undefined);
  }

  /** Lets go of the buffer, so that the next segment opens a fresh one. */
  close() {
    this.#source = this.#buffer = null;
    this.mediaType = "";
  }

  /**
   * Puts a segment at its place, and drops what lies too far before `positionMs` or beyond `untilMs`. Throws
   * what the browser throws when the segment cannot be parsed, or does not fit at all.
   *
   * @param {string} mediaType
   * @param {number} startMs
   * @param {ArrayBuffer} bytes
   * @param {number} positionMs
   * @param {number} untilMs
   */
  async append(mediaType, startMs, bytes, positionMs, untilMs) {
    await this.keepOnly(positionMs - this.#behindMs, untilMs);
    try {
      await this.#append(mediaType, startMs, bytes);
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== "QuotaExceededError") throw error;
      this.#behindMs = BEHIND_MS_MIN;
      await this.keepOnly(positionMs - this.#behindMs, untilMs);
      await this.#append(mediaType, startMs, bytes);
    }
  }

  /** @param {string} mediaType @param {number} startMs @param {ArrayBuffer} bytes */
  async #append(mediaType, startMs, bytes) {
    const buffer = this.#buffer;
    if (this.video.error || !buffer || this.#source?.readyState !== "open") throw BROKEN;
    if (mediaType !== this.mediaType) {
      buffer.changeType(mediaType);
      this.mediaType = mediaType;
    }
    buffer.timestampOffset = startMs / 1000;
    await this.#done(buffer, () => buffer.appendBuffer(bytes));
  }

  /** Makes room for a stream that ends at `endMs`. @param {number} endMs */
  declare(endMs) {
    if (this.#source?.readyState !== "open" || this.#buffer?.updating) return;
    if (!(this.#source.duration >= endMs / 1000)) this.#source.duration = endMs / 1000 + SPARE_S;
  }

  /** Drops what lies outside a window. @param {number} fromMs @param {number} toMs */
  async keepOnly(fromMs, toMs) {
    const buffer = this.#buffer;
    if (!buffer || buffer.buffered.length === 0) return;
    const [fromS, toS] = [Math.max(0, fromMs / 1000), toMs / 1000];
    const [first, last] = [buffer.buffered.start(0), buffer.buffered.end(buffer.buffered.length - 1)];
    if (first < fromS - LOOSE_S) await this.#done(buffer, () => buffer.remove(0, fromS));
    if (last > toS + LOOSE_S) await this.#done(buffer, () => buffer.remove(toS, last + 1));
  }

  /**
   * Starts an operation of the SourceBuffer and waits for its end; an error of the <video> ends it too, or
   * the stream would wait for ever.
   *
   * @param {SourceBuffer} buffer
   * @param {() => void} start
   * @returns {Promise<void>}
   */
  #done(buffer, start) {
    return new Promise((resolve, reject) => {
      const settle = new AbortController();
      const once = { once: true, signal: settle.signal };
      const fail = (/** @type {Error} */ error) => (settle.abort(), reject(error));
      buffer.addEventListener("error", () => fail(new Error("append")), once);
      this.video.addEventListener("error", () => fail(BROKEN), once);
      buffer.addEventListener("updateend", () => (settle.abort(), resolve()), once);
      try {
        start();
      } catch (error) {
        settle.abort();
        reject(error);
      }
    });
  }
}
