/**
 * Pieces that the page has fetched, in memory alone, so that a jump back asks for none of them again.
 *
 * The server sends them with `no-store`, and its ledger tells who looked when. So a piece is kept for
 * KEPT_MS_MAX only, and all are forgotten at the first refusal: it may say that this person looks no more.
 */

const BYTES_MAX = 64_000_000;
/** Much shorter than the stretch that one entry of the ledger covers. */
const KEPT_MS_MAX = 120_000;

export class PieceMemory {
  /** The one used last comes last. @type {Map<string, { bytes: ArrayBuffer, fetchedMs: number }>} */
  #pieces = new Map();
  #size = 0;

  /**
   * The piece; null where it is not here, or for too long.
   * @param {string} url
   */
  get(url) {
    this.#dropOld();
    const found = this.#pieces.get(url);
    if (!found) return null;
    this.#pieces.delete(url);
    this.#pieces.set(url, found);
    return found.bytes;
  }

  /** @param {string} url @param {ArrayBuffer} bytes */
  put(url, bytes) {
    this.drop(url);
    this.#pieces.set(url, { bytes, fetchedMs: performance.now() });
    this.#size += bytes.byteLength;
    this.#dropOld();
    for (const oldest of this.#pieces.keys()) {
      if (this.#size <= BYTES_MAX) return;
      this.drop(oldest);
    }
  }

  /** @param {string} url */
  drop(url) {
    this.#size -= this.#pieces.get(url)?.bytes.byteLength ?? 0;
    this.#pieces.delete(url);
  }

  forget() {
    this.#pieces.clear();
    this.#size = 0;
  }

  #dropOld() {
    const since = performance.now() - KEPT_MS_MAX;
    for (const [url, { fetchedMs }] of this.#pieces) if (fetchedMs < since) this.drop(url);
  }
}
