/**
 * Thumbnails by stream and moment, a sheet of them at a time; the newest sheets asked for are kept in memory.
 */

import { ask } from "./problem.js";

/**
 * @typedef {import("./types.js").Thumbnail} Thumbnail
 * @typedef {{ n: number, start_ms: number, end_ms: number }} Place
 */

const SHEETS_MAX = 120;
/** A thumbnail stands for so long, at most. */
const SHOWS_MS_MAX = 10_000;

export class Thumbnails {
  #url;
  /** @type {Map<string, Place[]>} */
  #places = new Map();
  /** @type {Map<string, Promise<Thumbnail[]>>} */
  #sheets = new Map();

  /** @param {string} url  of the signals, without the stream */
  constructor(url) {
    this.#url = url;
  }

  /**
   * Where the sheets of a stream lie.
   * @param {string} stream
   * @param {Place[]} places  in the order of the time line
   */
  know(stream, places) {
    this.#places.set(stream, places);
  }

  /**
   * What the stream showed then, as a `data:` address; null when nothing is known of it.
   * @param {string} stream
   * @param {number} ms
   */
  async at(stream, ms) {
    const place = this.#places.get(stream)?.findLast((one) => one.start_ms <= ms);
    if (!place || ms > place.end_ms) return null;
    const found = (await this.#sheet(stream, place.n)).findLast((one) => one.ms <= ms);
    return found && ms - found.ms <= SHOWS_MS_MAX ? `data:image/jpeg;base64,${found.jpeg}` : null;
  }

  /** @param {string} stream @param {number} n */
  #sheet(stream, n) {
    const key = `${stream}/${n}`;
    const known = this.#sheets.get(key) ?? this.#load(key);
    this.#sheets.delete(key);
    this.#sheets.set(key, known);
    const oldest = this.#sheets.keys().next().value;
    if (this.#sheets.size > SHEETS_MAX && oldest) this.#sheets.delete(oldest);
    return known;
  }

  /**
   * A sheet that does not come has no thumbnails now, and is asked for again.
   * @param {string} key
   * @returns {Promise<Thumbnail[]>}
   */
  async #load(key) {
    try {
      const answer = await ask(`${this.#url}/${key}.json`, { headers: { accept: "application/json" } });
      return (await answer.json()).thumbnails;
    } catch {
      this.#sheets.delete(key);
      return [];
    }
  }
}
