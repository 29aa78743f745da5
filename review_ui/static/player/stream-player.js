/**
 * One stream in one <video>: fetches segments around a position, appends them, forgets those far away.
 *
 * `sourceBuffer.timestampOffset = start_ms / 1000` puts every segment at its session time, so that
 * `video.currentTime` is the session's clock in every stream. A take that comes back with another codec
 * goes on in the same buffer (`changeType`); one that gains or loses a kind of track needs a new
 * MediaSource, because a SourceBuffer never changes its tracks.
 *
 * Emits `fault` when `fault` changes: a Problem in words, or null when all is well again.
 */

import { ask, Problem } from "./problem.js";
import { endOf, kindsOf } from "./stream-index.js";
import { say } from "./words.js";

/**
 * @typedef {import("./stream-index.js").StreamIndex} StreamIndex
 * @typedef {import("./types.js").SegmentData} SegmentData
 */

/** How much is kept before and fetched after the position, in ms of media at normal speed. */
const BEHIND_MS = 20_000;
const AHEAD_MS = 16_000;
/** Chromium holds about 48 MB per buffer; faster play asks for more, this is where it stops. */
const AHEAD_BYTES_MAX = 24_000_000;
/** A live session grows: its buffer is declared longer than what is there. */
const LIVE_SPARE_S = 24 * 3600;
const RETRY_MS = [500, 1000, 2000, 4000, 8000];
const APPENDS_MAX = 2;

export class StreamPlayer extends EventTarget {
  /**
   * @param {HTMLVideoElement} video
   * @param {StreamIndex} index
   * @param {(n: number) => string} mediaUrl
   */
  constructor(video, index, mediaUrl) {
    super();
    this.video = video;
    this.index = index;
    /** @type {Problem | null} */
    this.fault = null;
    this._mediaUrl = mediaUrl;
    this._positionMs = 0;
    this._rate = 1;
    this._pumping = false;
    this._behindMs = BEHIND_MS;
    /** @type {AbortController} */
    this._abort = new AbortController();
    /** @type {Map<number, number>} how often each segment was appended since the last seek */
    this._appends = new Map();
    /** @type {MediaSource | null} */
    this._source = null;
    /** @type {SourceBuffer | null} */
    this._buffer = null;
    this._mediaType = "";
  }

  /** Whether this stream can show something at all. */
  get usable() {
    return !this.index.gone && (this.fault === null || this.fault.passing);
  }

  /** Moves the window that is kept in the buffer. @param {number} ms @param {number} rate */
  follow(ms, rate) {
    this._positionMs = ms;
    this._rate = Math.max(1, rate);
    void this._pump();
  }

  /** A jump: what is being fetched is no longer wanted. @param {number} ms */
  seek(ms) {
    this._abort.abort();
    this._abort = new AbortController();
    this._appends.clear();
    if (this.fault?.passing) this._setFault(null);
    this._positionMs = ms;
    if (this._source) this.goTo(ms);
    void this._pump();
  }

  /** Shows `ms`, or where this stream next has media: a <video> sent into a gap would seek for ever. @param {number} ms */
  goTo(ms) {
    this.video.currentTime = this.index.mediaFrom(ms) / 1000;
  }

  /** Whether a jump now breaks off nothing that would end by itself: no seek, or one to what is not loaded. */
  get isFree() {
    return !this.video.seeking || !this.isBuffered(1000 * this.video.currentTime);
  }

  /** Whether `ms` can be shown without fetching. @param {number} ms */
  isBuffered(ms) {
    const { buffered } = this.video;
    for (let i = 0; i < buffered.length; i++) {
      if (buffered.start(i) <= ms / 1000 + 0.05 && ms / 1000 < buffered.end(i)) return true;
    }
    return false;
  }

  /** Where the next buffered stretch after `ms` begins, or null. @param {number} ms */
  nextBuffered(ms) {
    const { buffered } = this.video;
    for (let i = 0; i < buffered.length; i++) {
      if (1000 * buffered.start(i) > ms) return 1000 * buffered.start(i);
    }
    return null;
  }

  async _pump() {
    if (this._pumping) return;
    this._pumping = true;
    try {
      for (;;) {
        const segment = this._wanted();
        if (!segment) return;
        await this._load(segment);
      }
    } finally {
      this._pumping = false;
    }
  }

  /** The next segment to fetch, or null when the window is full or nothing can be done. */
  _wanted() {
    if (!this.usable) return null;
    const { segments } = this.index;
    const untilMs = this._positionMs + AHEAD_MS * this._rate;
    let bytes = 0;
    for (let place = this.index.placeFrom(this._positionMs); place < segments.length; place++) {
      const segment = segments[place];
      if (!segment || segment.start_ms > untilMs) return null;
      bytes += segment.bytes;
      if (bytes > AHEAD_BYTES_MAX && endOf(segment) > this._positionMs + AHEAD_MS) return null;
      const here = segment.start_ms <= this._positionMs;
      if (!here && !this._fits(this.index.mediaType(segment))) return null;
      if (this._buffer && this._fits(this.index.mediaType(segment)) && this._has(segment)) continue;
      if ((this._appends.get(segment.n) ?? 0) >= APPENDS_MAX) continue;
      return segment;
    }
    return null;
  }

  /** Whether a segment of this type can go into the present buffer. @param {string} mediaType */
  _fits(mediaType) {
    if (!this._buffer) return true;
    const [now, then] = [kindsOf(this._mediaType), kindsOf(mediaType)];
    return now.audio === then.audio && now.video === then.video;
  }

  /** @param {SegmentData} segment */
  _has(segment) {
    const near = Math.min(250, segment.duration_ms / 4);
    return this.isBuffered(segment.start_ms + near) && this.isBuffered(endOf(segment) - near);
  }

  /** @param {SegmentData} segment */
  async _load(segment) {
    const { signal } = this._abort;
    try {
      const bytes = await this._fetch(segment, signal);
      const mediaType = this.index.mediaType(segment);
      if (!this._buffer || !this._fits(mediaType)) await this._open(mediaType);
      this._appends.set(segment.n, (this._appends.get(segment.n) ?? 0) + 1);
      await this._append(segment, mediaType, bytes);
      if (this.fault) this._setFault(null);
    } catch (error) {
      if (signal.aborted) return;
      this._setFault(error instanceof Problem ? error : new Problem(415, say("cannot-play"), say("cannot-play-do")));
      if (this.fault && !this.fault.passing) return;
      this._appends.set(segment.n, (this._appends.get(segment.n) ?? 0) + 1);
    }
  }

  /**
   * The bytes of a segment; tries again while the network or the server is away.
   *
   * @param {SegmentData} segment
   * @param {AbortSignal} signal
   */
  async _fetch(segment, signal) {
    for (let attempt = 0; ; attempt++) {
      try {
        const response = await ask(this._mediaUrl(segment.n), { signal });
        return await response.arrayBuffer();
      } catch (error) {
        if (signal.aborted || !(error instanceof Problem) || !error.passing) throw error;
        this._setFault(new Problem(error.status, error.detail || say("offline"), error.remedy || say("offline-do")));
        await pause(RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)] ?? 8000, signal);
      }
    }
  }

  /** A fresh MediaSource in the same <video>. @param {string} mediaType */
  async _open(mediaType) {
    if (!MediaSource.isTypeSupported(mediaType)) {
      throw new Problem(415, say("no-codec", { type: mediaType }), say("no-codec-do"));
    }
    const wasPlaying = !this.video.paused;
    const source = new MediaSource();
    const opened = new Promise((resolve) => source.addEventListener("sourceopen", resolve, { once: true }));
    const url = URL.createObjectURL(source);
    const rate = this.video.playbackRate;
    this.video.src = url;
    await opened;
    URL.revokeObjectURL(url);
    this._source = source;
    this._buffer = source.addSourceBuffer(mediaType);
    this._mediaType = mediaType;
    this._declareDuration();
    this.video.playbackRate = rate;
    this.goTo(this._positionMs);
    if (wasPlaying) void this.video.play().catch(() => undefined);
  }

  _declareDuration() {
    const endS = (this.index.runs.at(-1)?.end_ms ?? 0) / 1000;
    if (this._source?.readyState !== "open" || this._buffer?.updating) return;
    if (!(this._source.duration >= endS)) this._source.duration = endS + LIVE_SPARE_S;
  }

  /**
   * @param {SegmentData} segment
   * @param {string} mediaType
   * @param {ArrayBuffer} bytes
   */
  async _append(segment, mediaType, bytes) {
    const buffer = this._buffer;
    if (!buffer || this._source?.readyState !== "open") return;
    if (mediaType !== this._mediaType) {
      buffer.changeType(mediaType);
      this._mediaType = mediaType;
    }
    this._declareDuration();
    await this._forget(buffer, this._behindMs);
    buffer.timestampOffset = segment.start_ms / 1000;
    try {
      await done(buffer, () => buffer.appendBuffer(bytes));
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== "QuotaExceededError") throw error;
      this._behindMs = 2000;
      await this._forget(buffer, this._behindMs);
      await done(buffer, () => buffer.appendBuffer(bytes));
    }
  }

  /** Drops what lies outside the window. @param {SourceBuffer} buffer @param {number} behindMs */
  async _forget(buffer, behindMs) {
    const fromS = Math.max(0, (this._positionMs - behindMs) / 1000);
    const toS = (this._positionMs + 2 * AHEAD_MS * this._rate) / 1000;
    const { buffered } = buffer;
    if (buffered.length === 0) return;
    const [first, last] = [buffered.start(0), buffered.end(buffered.length - 1)];
    if (first < fromS - 5) await done(buffer, () => buffer.remove(0, fromS));
    if (last > toS + 5) await done(buffer, () => buffer.remove(toS, last + 1));
  }

  /** @param {Problem | null} fault */
  _setFault(fault) {
    this.fault = fault;
    this.dispatchEvent(new Event("fault"));
  }
}

/**
 * Starts an operation of a SourceBuffer and waits for its end.
 *
 * @param {SourceBuffer} buffer
 * @param {() => void} start
 * @returns {Promise<void>}
 */
function done(buffer, start) {
  return new Promise((resolve, reject) => {
    const settle = new AbortController();
    const once = { once: true, signal: settle.signal };
    buffer.addEventListener("updateend", () => (settle.abort(), resolve()), once);
    buffer.addEventListener("error", () => (settle.abort(), reject(new Error("append"))), once);
    try {
      start();
    } catch (error) {
      settle.abort();
      reject(error);
    }
  });
}

/** @param {number} ms @param {AbortSignal} signal @returns {Promise<void>} */
function pause(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
