/**
 * What the server misses of one stream, and where it is sent (PUT …/late-segments).
 *
 * @typedef {{ start: number, end: number }} Stretch  Unix milliseconds of the server's clock
 * @typedef {{ open: boolean, stored_until: number, gaps: Stretch[] }} Missing
 * @typedef {import("./buffer-store.js").Piece} Piece
 */

const REQUEST_MS = 10_000;
const UPLOAD_MS = 60_000;
// Our server's last word on a piece. Whatever else answers, a portal or a proxy, has no say in it.
const FINAL = [200, 201, 401, 409, 413, 422];

export class LateEndpoint {
  /**
   * @param {string} url
   * @param {string} token
   */
  constructor(url, token) {
    this.url = url;
    this.token = token;
  }

  /**
   * Says whether this page holds pieces; what the server misses, or null when it cannot be asked now.
   * @param {boolean} holding
   * @returns {Promise<Missing | null>}
   */
  async announce(holding) {
    const body = JSON.stringify({ holding });
    const answer = await this.#send(this.url, "POST", "application/json", body, REQUEST_MS);
    if (answer?.status === 401 || answer?.status === 404) return { open: false, stored_until: 0, gaps: [] };
    return answer?.ok ? answer.json() : null;
  }

  /**
   * Sends a piece; whether it is dealt with: kept, known, or never to be kept.
   * @param {Piece} piece
   */
  async put(piece) {
    const url = `${this.url}/${piece.start}?duration_ms=${piece.end - piece.start}`;
    const answer = await this.#send(url, "PUT", "video/webm", piece.data, UPLOAD_MS);
    return answer !== null && FINAL.includes(answer.status);
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
