/**
 * One stream in one <video>: fetches segments around a position, appends them, forgets those far away.
 *
 * A stream may stand still for ever on what a file lacks (a hole in one track), on a piece that is refused,
 * or on one that cannot be decoded. Each such stretch is noted in `blocked` once it is met, and is a hole
 * from then on: nothing is sent there, the stream goes on after it.
 *
 * Emits `fault` when `fault` changes: a Problem in words, or null when all is well again.
 */

import { Blocked } from "./blocked.js";
import { bufferedEnd, holdsOf, holdsWhole } from "./buffered.js";
import { fetchPiece, forgetPieces } from "./fetch-piece.js";
import { BROKEN, MediaBuffer } from "./media-buffer.js";
import { Problem } from "./problem.js";
import { edgeMs, Standing } from "./standing.js";
import { endOf } from "./stream-index.js";
import { say } from "./words.js";

/**
 * @typedef {import("./stream-index.js").StreamIndex} StreamIndex
 * @typedef {import("./types.js").SegmentData} SegmentData
 */

/** How much is fetched after the position, in ms of media at normal speed. */
const AHEAD_MS = 16_000;
/** Chromium holds about 48 MB per buffer; faster play asks for more, this is where it stops. */
const AHEAD_BYTES_MAX = 24_000_000;
const APPENDS_MAX = 2;
/** So many pieces in a row that cannot be had are stepped over; then it is the stream that cannot be had. */
const REFUSED_MAX = 3;
export class StreamPlayer extends EventTarget {
  #mediaUrl;
  #positionMs = 0;
  #rate = 1;
  #pumping = false;
  #abort = new AbortController();
  /** How often each segment was appended since the last seek. @type {Map<number, number>} */
  #appends = new Map();
  /** Segments that went into the present buffer. @type {Set<number>} */
  #loaded = new Set();
  /** The segment on its way into the buffer. @type {number | null} */
  #loading = null;
  #refusedInRow = 0;
  #buffer;

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
    this.blocked = new Blocked();
    this.standing = new Standing();
    /**
     * The end of the run that was played out, without having been reached to the ms.
     * @type {number | null}
     */
    this.ended = null;
    this.#mediaUrl = mediaUrl;
    this.#buffer = new MediaBuffer(video);
    video.addEventListener("error", () => this.#broke());
  }

  /** Whether this stream can show something at all. */
  get usable() {
    return !this.index.gone && (this.fault === null || this.fault.passing);
  }

  /** Whether there is something to play at `ms`, as far as is known. @param {number} ms */
  covers(ms) {
    const run = this.usable ? this.index.runAt(ms) : null;
    return run !== null && run.end_ms !== this.ended && !this.blocked.at(ms);
  }

  /**
   * The first moment from `ms` on at which there is something to play; Infinity when there is none.
   * @param {number} ms
   */
  playableFrom(ms) {
    if (!this.usable) return Infinity;
    let at = ms;
    while (Number.isFinite(at)) {
      at = this.blocked.past(at);
      if (this.covers(at)) return at;
      at = this.index.nextStart(at);
    }
    return Infinity;
  }

  /** Moves the window that is kept in the buffer. @param {number} ms @param {number} rate */
  follow(ms, rate) {
    this.#positionMs = ms;
    this.#rate = Math.max(1, rate);
    void this.#pump();
  }

  /** A jump: what is being fetched is no longer wanted. @param {number} ms */
  seek(ms) {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#appends.clear();
    this.ended = null;
    this.standing.begin();
    if (this.fault?.passing) this.#setFault(null);
    this.#positionMs = ms;
    if (this.#buffer.isOpen) this.goTo(ms);
    void this.#pump();
  }

  /** What could not be played is fetched and tried once more. */
  forgive() {
    if (this.blocked.stretches.length) forgetPieces();
    this.blocked.forgive();
    this.#refusedInRow = 0;
  }

  /**
   * Shows `ms`, or where this stream next has media: a <video> sent into a gap would seek for ever.
   * @param {number} ms
   */
  goTo(ms) {
    this.video.currentTime = this.mediaFrom(ms) / 1000;
  }

  /**
   * `ms` where there is something to play, else the next such moment; `ms` after the last.
   * @param {number} ms
   */
  mediaFrom(ms) {
    return this.index.mediaFrom(this.blocked.past(this.index.mediaFrom(ms)));
  }

  /**
   * Whether a jump now breaks off nothing that would end by itself: no seek, or one to what is not loaded.
   */
  get isFree() {
    return !this.video.seeking || !this.isBuffered(1000 * this.video.currentTime);
  }

  /** Whether nothing is on its way: no piece, no jump. */
  get isAtRest() {
    return !this.#pumping && !this.video.seeking;
  }

  /** Whether `ms` can be shown without fetching. @param {number} ms */
  isBuffered(ms) {
    return bufferedEnd(this.video, ms) !== null;
  }

  /** Whether all that is stored for `ms` and for what follows at once is in the buffer. @param {number} ms */
  isLoaded(ms) {
    const run = this.index.runAt(ms);
    if (!run) return false;
    return [ms, Math.min(ms + edgeMs(this.#rate), run.end_ms - 1)].every((at) => {
      const segment = this.index.segmentAt(at);
      if (!segment || this.blocked.at(at)) return true;
      if (!this.#loaded.has(segment.n) || this.#loading === segment.n) return false;
      return holdsOf(this.video, segment) || (this.#appends.get(segment.n) ?? 0) >= APPENDS_MAX;
    });
  }

  /**
   * The <video> stands still at `ms` although all is loaded: notes the hole that comes next, or that the run
   * is through. Returns whether anything was found.
   *
   * @param {number} ms
   * @param {boolean} long  whether it has stood too long to be merely slow
   */
  stepOver(ms, long) {
    const step = this.standing.over(this.video, this.index, ms, this.#rate, long);
    if (step?.over === "end") this.ended = step.to;
    if (step?.over === "hole") this.blocked.add(ms, step.to);
    return step !== null;
  }

  async #pump() {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      for (;;) {
        const segment = this.#wanted();
        if (!segment) return;
        this.#loading = segment.n;
        await this.#load(segment);
        this.#loading = null;
      }
    } finally {
      this.#loading = null;
      this.#pumping = false;
    }
  }

  /** The next segment to fetch, or null when the window is full or nothing can be done. */
  #wanted() {
    if (!this.usable) return null;
    const { segments } = this.index;
    const untilMs = this.#positionMs + AHEAD_MS * this.#rate;
    let bytes = 0;
    for (let place = this.index.placeFrom(this.#positionMs); place < segments.length; place++) {
      const segment = segments[place];
      if (!segment || segment.start_ms > untilMs) return null;
      bytes += segment.bytes;
      if (bytes > AHEAD_BYTES_MAX && endOf(segment) > this.#positionMs + AHEAD_MS) return null;
      if (this.blocked.past(Math.max(segment.start_ms, this.#positionMs)) >= endOf(segment)) continue;
      if (this.#isForeign(segment)) continue;
      const here = this.mediaFrom(this.#positionMs) >= segment.start_ms;
      const fits = this.#buffer.fits(this.index.mediaType(segment));
      if (!here && !fits) return null;
      if (this.#buffer.isOpen && fits && holdsWhole(this.video, segment)) continue;
      if ((this.#appends.get(segment.n) ?? 0) >= APPENDS_MAX) continue;
      return segment;
    }
    return null;
  }

  /** Whether no browser of this kind can play it; a hole then. @param {SegmentData} segment */
  #isForeign(segment) {
    const type = this.index.mediaType(segment);
    if (MediaSource.isTypeSupported(type)) return false;
    this.blocked.add(
      segment.start_ms,
      endOf(segment),
      new Problem(415, say("no-codec", { type }), say("no-codec-do")),
    );
    return true;
  }

  /** @param {SegmentData} segment */
  async #load(segment) {
    const { signal } = this.#abort;
    try {
      const mediaType = this.index.mediaType(segment);
      const waiting = (/** @type {Problem} */ problem) => this.#setFault(problem);
      const bytes = await fetchPiece(
        this.#mediaUrl(segment.n),
        signal,
        this.#refusedInRow < REFUSED_MAX,
        waiting,
      );
      if (!this.#buffer.isOpen || !this.#buffer.fits(mediaType)) await this.#open(mediaType);
      this.#appends.set(segment.n, (this.#appends.get(segment.n) ?? 0) + 1);
      await this.#append(segment, mediaType, bytes);
      this.#loaded.add(segment.n);
      this.#refusedInRow = 0;
      if (this.fault) this.#setFault(null);
    } catch (error) {
      if (signal.aborted || error === BROKEN) return;
      this.#refuse(segment, error instanceof Problem ? error : null);
    }
  }

  /** @param {string} mediaType */
  async #open(mediaType) {
    this.#loaded.clear();
    await this.#buffer.open(mediaType);
    this.#buffer.declare(this.index.runs.at(-1)?.end_ms ?? 0);
    this.goTo(this.#positionMs);
  }

  /**
   * @param {SegmentData} segment
   * @param {string} mediaType
   * @param {ArrayBuffer} bytes
   */
  async #append(segment, mediaType, bytes) {
    const untilMs = this.#positionMs + 2 * AHEAD_MS * this.#rate;
    this.#buffer.declare(this.index.runs.at(-1)?.end_ms ?? 0);
    await this.#buffer.append(mediaType, segment.start_ms, bytes, this.#positionMs, untilMs);
  }

  /**
   * A segment cannot be had or not be parsed: it is a hole from now on. After REFUSED_MAX of them in a row
   * the stream itself is at fault: the server will not say anything else of the next one.
   *
   * @param {SegmentData} segment
   * @param {Problem | null} problem  null for a file that the browser cannot parse
   */
  #refuse(segment, problem) {
    if (!problem) this.#shut();
    const why = problem ?? unplayable();
    this.#refusedInRow += 1;
    this.blocked.add(segment.start_ms, endOf(segment), why);
    this.#setFault(this.#refusedInRow >= REFUSED_MAX ? why : null);
  }

  /**
   * The <video> gave up on what it was given: the rest of that segment is a hole, a fresh buffer goes on
   * after it.
   */
  #broke() {
    if (!this.#buffer.isOpen || !this.video.error) return;
    const atMs = Math.max(this.#positionMs, 1000 * this.video.currentTime);
    const segment = this.index.segmentAt(atMs);
    this.#shut();
    if (segment) this.blocked.add(Math.min(atMs, endOf(segment) - 1), endOf(segment), unplayable());
    this.#setFault(null);
  }

  #shut() {
    this.#buffer.close();
    this.#loaded.clear();
    this.#appends.clear();
  }

  /** @param {Problem | null} fault */
  #setFault(fault) {
    this.fault = fault;
    this.dispatchEvent(new Event("fault"));
  }
}

function unplayable() {
  return new Problem(415, say("cannot-play"), say("cannot-play-do"));
}
