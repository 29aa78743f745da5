/**
 * Where pieces of the recording wait on the candidate's own device: in IndexedDB, so that a reload keeps
 * them; in memory where the browser allows none.
 *
 * A piece is a whole short WebM file. `start` and `end` are Unix milliseconds of the server's clock; as long
 * as `doubt` is set, they may yet be moved.
 *
 * @typedef {{ place: string, start: number, end: number, data: Blob, doubt?: Doubt }} Piece  place: session
 *   and stream
 * @typedef {{ name: string, across: boolean }} Doubt  of the page's clock; `across`: it came while this was
 *   recorded
 */

const NAME = "proctoring-buffer";
const PIECES = "pieces";
const LEFT_OVER_MS = 3 * 3600_000;

export class PieceStore {
  /** @type {Promise<IDBDatabase | null>} */
  #opened;
  /** @type {Map<string, Piece>} used where there is no database */
  #memory = new Map();

  /** @param {string} place */
  constructor(place) {
    this.place = place;
    this.#opened = open().catch(() => null);
  }

  /** Everything of this place, the oldest first. @returns {Promise<Piece[]>} */
  async all() {
    const database = await this.#opened;
    if (!database) return [...this.#memory.values()].sort((a, b) => a.start - b.start);
    const mine = IDBKeyRange.bound([this.place, 0], [this.place, Infinity]);
    // A database that broke holds nothing; neither the exam nor its end may hang on it.
    return done(database.transaction(PIECES).objectStore(PIECES).getAll(mine)).catch(() => []);
  }

  /** Throws when the disk is full. @param {Omit<Piece, "place">} piece */
  async put(piece) {
    const database = await this.#opened;
    const kept = { place: this.place, ...piece };
    if (database) await done(writing(database).put(kept));
    else this.#memory.set(String(piece.start), kept);
  }

  /** @param {Piece} piece */
  async remove(piece) {
    const database = await this.#opened;
    if (database) await done(writing(database).delete([piece.place, piece.start]));
    else this.#memory.delete(String(piece.start));
  }

  /**
   * The clock knows again: what was kept in this doubt is put where it belongs. A piece across which the
   * clock stood still belongs to no one place, and is deleted.
   * @param {string} doubt
   * @param {number} movedMs
   */
  async settle(doubt, movedMs) {
    for (const piece of await this.all()) {
      if (piece.doubt?.name !== doubt) continue;
      const byMs = Math.round(movedMs);
      const keeps = !(piece.doubt.across && byMs);
      if (keeps) await this.put({ data: piece.data, start: piece.start + byMs, end: piece.end + byMs });
      if (byMs) await this.remove(piece);
    }
  }

  /** Deletes what pages of other sessions left behind and nobody will send any more. @param {number} now */
  async sweep(now) {
    const database = await this.#opened;
    if (!database) return;
    const all = /** @type {Piece[]} */ (
      await done(database.transaction(PIECES).objectStore(PIECES).getAll())
    );
    for (const piece of all) if (piece.end < now - LEFT_OVER_MS) await this.remove(piece);
  }
}

/** @returns {Promise<IDBDatabase>} */
async function open() {
  const request = indexedDB.open(NAME, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(PIECES, { keyPath: ["place", "start"] });
  return done(request);
}

/** @param {IDBDatabase} database */
const writing = (database) => database.transaction(PIECES, "readwrite").objectStore(PIECES);

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
