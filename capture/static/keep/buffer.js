/**
 * Keeps one stream on this device until the server has it, and sends what the server misses.
 *
 * Guarantee: while the stream is given to `record`, every moment of it is in a piece; a piece is deleted when
 * the server says that it has that time, when it was sent, or at the limits, the oldest first. The server
 * alone says what is missing: this page cannot know which packets arrived.
 */

import { LateEndpoint } from "./late-endpoint.js";
import { PieceRecorder, canRecord } from "./piece-recorder.js";
import { PieceStore } from "./buffer-store.js";

/** @typedef {import("./late-endpoint.js").Missing} Missing */

const BYTES_MAX = 200_000_000;
const AGE_MS_MAX = 60 * 60_000;
const SEAM_MS = 1000;
const EVERY_MS = 10_000;
const SOON_MS = 2000;

/** Emits `change` when `waiting` changes. */
export class Buffer extends EventTarget {
  /** Pieces that the server misses and does not have yet, as far as this page knows. */
  waiting = 0;

  /** @type {PieceRecorder | null} */
  #recorder = null;
  #round = Promise.resolve(true);
  /** What is written into the store, one after another. @type {Promise<void>} */
  #keeping = Promise.resolve();
  #over = false;
  /** @type {number | undefined} */
  #timer = undefined;

  /**
   * @param {string} url
   * @param {string} token
   * @param {import("./server-clock.js").ServerClock} clock
   */
  constructor(url, token, clock) {
    super();
    this.clock = clock;
    this.endpoint = new LateEndpoint(url, token, clock);
    this.store = new PieceStore(new URL(url, location.href).pathname);
    clock.addEventListener("settled", (event) => this.#settled(/** @type {CustomEvent} */ (event).detail));
    this.#plan(0);
    addEventListener("online", () => this.#plan(0));
  }

  /** Whether it records now. */
  get recording() {
    return this.#recorder !== null;
  }

  /**
   * Records the living tracks of `media` in pieces from now on, in place of what was recorded. A track that
   * went away changes nothing: the recorder goes on with the others.
   * @param {MediaStream} media
   */
  record(media) {
    const living = media.getTracks().filter((track) => track.readyState === "live");
    if (!canRecord() || !living.length || living.every((track) => this.#recorder?.tracks.includes(track)))
      return;
    const before = this.#recorder;
    this.#over = false;
    const clock = this.clock;
    let until = 0;
    this.#recorder = new PieceRecorder(living, (data, from, to) => {
      clock.look();
      const end = Math.round(clock.at(to));
      const begun = Math.round(clock.at(from));
      // What is known of the clocks gets better from piece to piece; the recording itself has no break.
      const start = Math.abs(begun - until) < SEAM_MS ? until : begun;
      until = end;
      const doubt = clock.doubt
        ? { name: clock.doubt, across: from < clock.doubtfulSince && clock.doubtfulSince < to }
        : undefined;
      // A full disk loses a piece, not the recording that is under way.
      this.#keeping = this.#keeping.then(() => this.store.put({ data, start, end, doubt })).catch(() => {});
      return this.#keeping;
    });
    // The one before records until this one does.
    if (before) void this.#recorder.begun.then(() => before.stop());
  }

  /**
   * Pieces get the time that they have, and what nobody will send any more is swept away.
   * @param {{ doubt: string, movedMs: number }} what
   */
  #settled({ doubt, movedMs }) {
    this.#keeping = this.#keeping
      .then(async () => {
        await this.store.settle(doubt, movedMs);
        await this.store.sweep(this.clock.now());
      })
      .catch(() => {});
  }

  /** Stops recording; what is kept is still sent. */
  async rest() {
    const recorder = this.#recorder;
    this.#recorder = null;
    await recorder?.stop();
  }

  /** The connection is there again: soon something may be sent. */
  hurry() {
    this.#plan(SOON_MS);
  }

  /** Tells the server that more comes, before the session ends; whether it has heard. */
  async announce() {
    const pieces = await this.#pieces();
    return !pieces.length || (await this.endpoint.announce(true)) !== null;
  }

  /** After the session's end: sends what is missing, then deletes everything; resolves when that is done. */
  async finish() {
    await this.rest();
    this.#over = true;
    while (!(await this.#once())) await new Promise((resolve) => setTimeout(resolve, SOON_MS));
    clearTimeout(this.#timer);
  }

  /** @param {number} ms */
  #plan(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(async () => {
      const quiet = await this.#once();
      this.#plan(this.waiting || !quiet ? SOON_MS : EVERY_MS);
    }, ms);
  }

  /** One round, after the one that may be under way. */
  #once() {
    this.#round = this.#round.then(() => this.#exchange()).catch(() => false);
    return this.#round;
  }

  /** Whether nothing is left to be done for now; at the end, for ever. */
  async #exchange() {
    let pieces = await this.#pieces();
    if (!pieces.length && !this.#recorder && !this.#over) return true;
    const missing = await this.endpoint.announce(pieces.length > 0);
    if (!missing) return false;
    // The answer may have told where pieces belong.
    await this.#keeping;
    pieces = await this.#pieces();
    if (!missing.open) {
      for (const piece of pieces) await this.store.remove(piece);
      this.#wait(0);
      return true;
    }
    const settled = pieces.filter((piece) => !piece.doubt || piece.doubt.name !== this.clock.doubt);
    const wanted = settled.filter((piece) =>
      missing.gaps.some((gap) => gap.start < piece.end && piece.start < gap.end),
    );
    this.#wait(wanted.length);
    for (const piece of wanted) {
      const became = await this.endpoint.put(piece);
      if (became === "again") return false;
      if (became === "never") await this.store.remove(piece);
      this.#wait(this.waiting - 1);
    }
    // Of one that reaches beyond what is stored, the rest may turn out to be missing later.
    for (const piece of settled) if (piece.end <= missing.stored_until) await this.store.remove(piece);
    if (!this.#over) return true;
    // At the end the server waits until this page says that it holds nothing more.
    pieces = await this.#pieces();
    return !pieces.length && (await this.endpoint.announce(false)) !== null;
  }

  /** What is kept, within the limits. */
  async #pieces() {
    const pieces = await this.store.all();
    let bytes = pieces.reduce((sum, piece) => sum + piece.data.size, 0);
    const oldest = this.clock.doubt ? -Infinity : this.clock.now() - AGE_MS_MAX;
    while (pieces[0] && (bytes > BYTES_MAX || pieces[0].end < oldest)) {
      const dropped = /** @type {import("./buffer-store.js").Piece} */ (pieces.shift());
      bytes -= dropped.data.size;
      await this.store.remove(dropped);
    }
    return pieces;
  }

  /** @param {number} pieces */
  #wait(pieces) {
    if (pieces === this.waiting) return;
    this.waiting = pieces;
    this.dispatchEvent(new Event("change"));
  }
}
