/**
 * The HTTP half of WHIP (RFC 9725): makes, feeds and ends one ingest.
 *
 * @typedef {"stopped" | "sharing-ended" | "device-lost"} Cause
 * @typedef {{ title: string, detail: string, remedy: string, status: number }} Problem
 */

import { iceServers } from "./links.js";

const REQUEST_MS = 10_000;
/**
 * This page, as long as it is loaded: the server tells by it whether another one publishes the same stream.
 */
const PAGE = crypto.randomUUID?.() ?? ""; // none where the context is not secure: nothing is published there
/** The status of an answer that another page publishes this stream. */
export const ELSEWHERE = 423;
// The server stores what it holds before it answers a goodbye.
const GOODBYE_MS = 20_000;

/** The server said no; trying again would not help. */
export class Refused extends Error {
  /** @param {Problem} problem */
  constructor(problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** The server cannot now, and may have said when it can. */
export class Busy extends Error {
  /** @param {number} waitMs */
  constructor(waitMs) {
    super("busy");
    this.waitMs = waitMs;
  }
}

/** Where ingests are made, with the token of one stream. */
export class Endpoint {
  /** @type {RTCIceServer[] | null} */
  #servers = null;

  /**
   * @param {string} url
   * @param {string} token
   */
  constructor(url, token) {
    this.url = url;
    this.token = token;
  }

  /** The ICE servers to use, asked for once before the first offer (RFC 9725 section 4.6). */
  async servers() {
    if (!this.#servers) {
      const answer = await request(this.url, this.token, { method: "OPTIONS" });
      this.#servers = iceServers(answer.headers.get("Link") ?? "");
    }
    return this.#servers;
  }

  /**
   * Makes an ingest of an SDP offer. Throws Refused or Busy, or what `fetch` throws.
   * @param {string} sdp
   * @param {boolean} instead in place of another page, as the candidate chose
   */
  async create(sdp, instead) {
    const url = `${this.url}?page=${PAGE}${instead ? "&instead=1" : ""}`;
    const headers = { "Content-Type": "application/sdp" };
    const answer = await request(url, this.token, { method: "POST", headers, body: sdp });
    if (answer.status !== 201) throw await reason(answer);
    const servers = iceServers(answer.headers.get("Link") ?? "");
    if (servers.length) this.#servers = servers;
    return new Ingest(this.token, answer, await answer.text());
  }
}

/** One ingest, from its answer to its end. */
export class Ingest {
  /** @type {Promise<unknown>} */
  #patches = Promise.resolve();

  /**
   * @param {string} token
   * @param {Response} answer
   * @param {string} sdp
   */
  constructor(token, answer, sdp) {
    this.token = token;
    this.sdp = sdp;
    this.url = new URL(answer.headers.get("Location") ?? "", answer.url).href;
    this.etag = answer.headers.get("ETag") ?? "";
  }

  /**
   * Sends candidates found after the offer, one request after another (RFC 9725 section 4.3.2).
   * @param {string} fragment
   */
  trickle(fragment) {
    /** @type {Record<string, string>} */
    const headers = { "Content-Type": "application/trickle-ice-sdpfrag" };
    if (this.etag) headers["If-Match"] = this.etag;
    const send = () => request(this.url, this.token, { method: "PATCH", headers, body: fragment });
    // A candidate that does not arrive is not missed when another pair connects; if none does, a new try
    // follows.
    this.#patches = this.#patches.then(send).catch(() => {});
  }

  /**
   * Ends the take; resolves when the server has stored all of it, or cannot be reached.
   * @param {Cause} cause
   */
  async end(cause) {
    const url = new URL(this.url);
    url.searchParams.set("cause", cause);
    try {
      await request(url.href, this.token, { method: "DELETE", keepalive: true }, GOODBYE_MS);
    } catch {
      // Unreachable: the server's own watchdog ends the take.
    }
  }
}

/**
 * @param {string} url
 * @param {string} token
 * @param {RequestInit} init
 * @param {number} [withinMs]
 */
function request(url, token, init, withinMs = REQUEST_MS) {
  const headers = { ...init.headers, Authorization: `Bearer ${token}` };
  return fetch(url, { ...init, headers, signal: AbortSignal.timeout(withinMs) });
}

/** Why an answer is no ingest: worth another try, or a no for good. @param {Response} answer */
async function reason(answer) {
  if (answer.status >= 500 || answer.status === 408 || answer.status === 429) {
    return new Busy(1000 * (Number(answer.headers.get("Retry-After")) || 0));
  }
  const body = await answer.json().catch(() => ({}));
  const { title = "", detail = "", remedy = "" } = body;
  return new Refused({ status: answer.status, title, detail, remedy });
}
