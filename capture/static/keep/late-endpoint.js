/**
 * What the server misses of one stream, and where it is sent (PUT …/late-segments).
 *
 * @typedef {{ start: number, end: number }} Stretch  Unix milliseconds of the server's clock
 * @typedef {{ open: boolean, now: number, stored_until: number, gaps: Stretch[] }} Missing
 * @typedef {import("./buffer-store.js").Piece} Piece
 */

const REQUEST_MS = 10_000;
const UPLOAD_MS = 60_000;
// Our server's last words on a piece. Whatever else answers, a portal or a proxy, has no say in it.
const DONE = [200, 201, 401, 409];
const NEVER = [413, 422];

export class LateEndpoint {
  /**
   * @param {string} url
   * @param {string} token
   * @param {import("./server-clock.js").ServerClock} clock  learns from each answer
   */
  constructor(url, token, clock) {
    this.url = url;
    this.token = token;
    this.clock = clock;
  }

  /**
   * Says whether this page holds pieces; what the server misses, or null when it cannot be asked now.
   * @param {boolean} holding
   * @returns {Promise<Missing | null>}
   */
  async announce(holding) {
    const body = JSON.stringify({ holding });
    const asked = performance.now();
    const answer = await this.#send(this.url, "POST", "application/json", body, REQUEST_MS);
    const answered = performance.now();
    if (answer?.status === 401 || answer?.status === 404)
      return { open: false, now: 0, stored_until: 0, gaps: [] };
    /** @type {Missing | null} */
    const missing = answer?.ok ? await answer.json().catch(() => null) : null;
    if (missing) this.clock.take(asked, answered, missing.now);
    return missing;
  }

  /**
   * Sends a piece: kept or known already, never to be kept, or to be sent again.
   * @param {Piece} piece
   * @returns {Promise<"done" | "never" | "again">}
   */
  async put(piece) {
    const url = `${this.url}/${piece.start}?duration_ms=${piece.end - piece.start}`;
    const answer = await this.#send(url, "PUT", "video/webm", piece.data, UPLOAD_MS);
    if (answer && NEVER.includes(answer.status)) return "never";
    return answer && DONE.includes(answer.status) ? "done" : "again";
  }

  /**
   * @param {string} url
   * @param {string} method
   * @param {string} type
   * @param {BodyInit} body
   * @param {number} withinMs
   */
  #send(url, method, type, body, withinMs) {
    const headers = { Authorization: `Bearer ${this.token}`, "Content-Type": type };
    const signal = AbortSignal.timeout(withinMs);
    return fetch(url, { method, headers, body, signal }).catch(() => null);
  }
}
