/**
 * Keeps one stream on this device until the server has it, and sends what the server misses.
 *
 * Guarantee: while the stream is given to `record`, every moment of it is in a piece; a piece is deleted when the
 * server says that it has that time, when it was sent, or at the limits, the oldest first. The server alone says
 * what is missing: this page cannot know which packets arrived.
 */

import { LateEndpoint } from "./late-endpoint.js";
import { PieceRecorder, canRecord } from "./piece-recorder.js";
import { PieceStore } from "./buffer-store.js";

/** @typedef {import("./late-endpoint.js").Missing} Missing */

const BYTES_MAX = 200_000_000;
const AGE_MS_MAX = 60 * 60_000;
const EVERY_MS = 10_000;
const SOON_MS = 2000;

/** Emits `change` when `waiting` changes. */
export class Buffer extends EventTarget {
  /** Pieces that the server misses and does not have yet, as far as this page knows. */
  waiting = 0;

  /** @type {PieceRecorder | null} */
  #recorder = null;
  #round = Promise.resolve(true);
  #over = false;
  /** @type {number | undefined} */
  #timer = undefined;

  /**
   * @param {string} url
   * @param {string} token
   * @param {() => number} aheadMs server clock minus this computer's
   */
  constructor(url, token, aheadMs) {
    super();
    this.aheadMs = aheadMs;
    this.endpoint = new LateEndpoint(url, token);
    this.store = new PieceStore(new URL(url, location.href).pathname);
    void this.store.sweep(Date.now() + aheadMs()).catch(() => {});
    this.#plan(0);
    addEventListener("online", () => this.#plan(0));
  }

  /** Records `media` in pieces from now on, in place of what was recorded. @param {MediaStream} media */
  record(media) {
    if (!canRecord() || this.#recorder?.media === media) return;
    void this.rest();
    this.#over = false;
    this.#recorder = new PieceRecorder(media, (data, start, end) => {
      const ahead = Math.round(this.aheadMs());
      // A full disk loses a piece, not the recording that is under way.
      return this.store.put({ data, start: start + ahead, end: end + ahead }).catch(() => {});
    });
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
    if (!missing.open) {
      for (const piece of pieces) await this.store.remove(piece);
      this.#wait(0);
      return true;
    }
    const wanted = pieces.filter((piece) => missing.gaps.some((gap) => gap.start < piece.end && piece.start < gap.end));
    this.#wait(wanted.length);
    for (const piece of wanted) {
      if (!(await this.endpoint.put(piece))) return false;
      this.#wait(this.waiting - 1);
    }
    // Of one that reaches beyond what is stored, the rest may turn out to be missing later.
    for (const piece of pieces) if (piece.end <= missing.stored_until) await this.store.remove(piece);
    if (!this.#over) return true;
    // At the end the server waits until this page says that it holds nothing more.
    pieces = await this.#pieces();
    return !pieces.length && (await this.endpoint.announce(false)) !== null;
  }

  /** What is kept, within the limits. */
  async #pieces() {
    const pieces = await this.store.all();
    let bytes = pieces.reduce((sum, piece) => sum + piece.data.size, 0);
    const oldest = Date.now() + this.aheadMs() - AGE_MS_MAX;
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
