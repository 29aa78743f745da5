/**
 * Publishes one stream by WHIP and keeps publishing it.
 *
 * Guarantee: between `publish` and `stop` there is either a live connection or a next try under way; each
 * try is a new POST, and so a new take. Only an answer that says "no" ends it, as `refused`.
 *
 *     state         connected   lost          refused   stop
 *     idle          –           –             –         stopped
 *     connecting    recording   reconnecting  refused   stopped
 *     recording     –           reconnecting  –         stopped
 *     reconnecting  recording   reconnecting  refused   stopped
 *
 * `publish` leads from every state to connecting. Each change is announced by a "state" event.
 *
 * @typedef {"idle" | "connecting" | "recording" | "reconnecting" | "stopped" | "refused"} State
 * @typedef {import("./ingest.js").Cause} Cause
 * @typedef {import("./ingest.js").Problem} Problem
 */

import { Busy, ELSEWHERE, Endpoint, Ingest, Refused } from "./ingest.js";
import { offerOf, prefer, sdpFragment } from "./sdp.js";

const GATHER_MS = 1000;
const CONNECT_MS = 10_000;
const DISCONNECTED_MS = 3000;
const RETRY_MS = [500, 1000, 2000, 4000, 8000, 15_000];
const STEADY_MS = 10_000;
// The server reports every second or so and answers checks of the path; when it is silent this long, it is
// away.
const SILENT_MS = 5000;
const LISTEN_MS = 1000;

/** Bits per second and frames per second at most: what is legible, not what is beautiful. */
const LIMITS = {
  webcam: { video: 600_000, frames: 15, sound: true },
  phone: { video: 500_000, frames: 15, sound: true },
  screen: { video: 800_000, frames: 5, sound: false },
};
const AUDIO_BITS = 40_000;

export class Publisher extends EventTarget {
  /** @type {State} */
  state = "idle";
  /** Why it was refused. @type {Problem | null} */
  problem = null;
  /** Since when the connection is away, and when the next try is (both `performance.now()` milliseconds). */
  lostAt = 0;
  retryAt = 0;

  /** @type {MediaStream | null} */
  #media = null;
  /** @type {RTCPeerConnection | null} */
  #peer = null;
  /** @type {Ingest | null} */
  #ingest = null;
  /** What sends the picture, and the sound. @type {Map<string, RTCRtpSender>} */
  #senders = new Map();
  #attempt = 0;
  #tries = 0;
  #instead = false;
  #steadySince = 0;
  /** @type {number | undefined} */
  #timer = undefined;

  /**
   * @param {string} endpoint
   * @param {string} token
   * @param {keyof typeof LIMITS} stream
   */
  constructor(endpoint, token, stream) {
    super();
    this.endpoint = new Endpoint(endpoint, token);
    this.stream = stream;
    addEventListener("online", () => this.#hurry());
  }

  /**
   * Begins to publish `media`, in place of what this page published, and of what another one does if
   * `instead`.
   * @param {MediaStream} media
   */
  publish(media, instead = false) {
    this.#letGo();
    this.#media = media;
    this.#instead = instead;
    this.#tries = 0;
    this.problem = null;
    this.#become("connecting");
    void this.#try();
  }

  /**
   * Ends the take and says why; resolves once the server has stored everything, or cannot be reached.
   * @param {Cause} cause
   */
  async stop(cause) {
    const peer = this.#peer;
    const ingest = this.#ingest;
    this.#peer = null;
    this.#letGo();
    this.#become("stopped");
    // The connection stays until the answer, so that the last frames still arrive.
    await ingest?.end(cause);
    peer?.close();
  }

  /**
   * Sends the tracks that `media` has now, in the same take: what is gone is sent no more, what came back is
   * sent again. Emits `media`.
   */
  async follow() {
    const senders = [...this.#senders];
    this.dispatchEvent(new Event("media"));
    for (const [kind, sender] of senders) {
      const track = this.#track(kind);
      // A connection that cannot take it is given up for one that can.
      if (sender.track !== track) await sender.replaceTrack(track).catch(() => this.renew());
    }
  }

  /** Whether it was refused because another page publishes this stream. */
  get elsewhere() {
    return this.problem?.status === ELSEWHERE;
  }

  /** What is published, or was last. */
  get media() {
    return this.#media;
  }

  /** Gives the present connection up for a new one, when the server says that nothing comes of it. */
  renew() {
    if (this.state === "recording") this.#lost();
  }

  /**
   * For a page that is closing: says goodbye without waiting for the answer. The connection is left for
   * the browser to close: closed here, the server would see it gone before it reads the goodbye.
   */
  leave() {
    this.#attempt += 1;
    clearTimeout(this.#timer);
    void this.#ingest?.end("stopped");
  }

  async #try() {
    const attempt = ++this.#attempt;
    const current = () => attempt === this.#attempt;
    try {
      await this.#connect(current);
    } catch (error) {
      if (!current()) return;
      if (error instanceof Refused) this.#refuse(error.problem);
      else this.#lost(error instanceof Busy ? error.waitMs : 0);
    }
  }

  /** @param {() => boolean} current */
  async #connect(current) {
    const iceServers = await this.endpoint.servers();
    if (!current()) return;
    const peer = new RTCPeerConnection({ iceServers, bundlePolicy: "max-bundle" });
    this.#peer = peer;
    this.#addTracks(peer);
    /** @type {RTCIceCandidate[]} */
    let late = [];
    peer.addEventListener("icecandidate", ({ candidate }) => candidate && late.push(candidate));
    const offer = await offerOf(peer, GATHER_MS);
    late = [];
    const ingest = await this.endpoint.create(offer, this.#instead);
    this.#instead = false; // chosen once: taken away later, it is not taken back
    if (!current()) {
      // Stopped while the answer was on its way: what it made must not stay behind.
      void ingest.end("stopped");
      return;
    }
    this.#ingest = ingest;
    this.#watch(peer, current);
    await peer.setRemoteDescription({ type: "answer", sdp: ingest.sdp });
    const trickle = () => {
      if (late.length && current()) ingest.trickle(sdpFragment(peer, late.splice(0)));
    };
    trickle();
    peer.addEventListener("icecandidate", trickle);
  }

  /** @param {RTCPeerConnection} peer */
  #addTracks(peer) {
    const limits = LIMITS[this.stream];
    const streams = [/** @type {MediaStream} */ (this.#media)];
    // What is missing now has its place, so that it can come back.
    for (const kind of limits.sound ? ["audio", "video"] : ["video"]) {
      const video = kind === "video";
      const encoding = video
        ? { maxBitrate: limits.video, maxFramerate: limits.frames }
        : { maxBitrate: AUDIO_BITS };
      const init = /** @type {RTCRtpTransceiverInit} */ ({
        direction: "sendonly",
        streams,
        sendEncodings: [encoding],
      });
      const transceiver = peer.addTransceiver(this.#track(kind) ?? kind, init);
      this.#senders.set(kind, transceiver.sender);
      if (video) prefer(transceiver);
    }
  }

  /** The living track of this kind. @param {string} kind */
  #track(kind) {
    return (
      this.#media?.getTracks().find((track) => track.kind === kind && track.readyState === "live") ?? null
    );
  }

  /**
   * @param {RTCPeerConnection} peer
   * @param {() => boolean} current
   */
  #watch(peer, current) {
    const lostAfter = (/** @type {number} */ ms) => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => current() && this.#lost(), ms);
    };
    lostAfter(CONNECT_MS);
    peer.addEventListener("connectionstatechange", () => {
      if (!current()) return;
      const state = peer.connectionState;
      if (state === "connected") {
        clearTimeout(this.#timer);
        this.#steadySince = performance.now();
        this.#become("recording");
        void this.#listen(peer, current);
      } else if (state === "disconnected") {
        lostAfter(DISCONNECTED_MS);
      } else if (state === "failed" || state === "closed") {
        this.#lost();
      }
    });
  }

  /**
   * Gives up a connection on which the server has fallen silent; the browser itself takes much longer to
   * notice.
   * @param {RTCPeerConnection} peer
   * @param {() => boolean} current
   */
  async #listen(peer, current) {
    let heard = 0;
    let heardAt = performance.now();
    while (current() && peer.connectionState !== "closed") {
      const now = performance.now();
      const received = await receivedOf(peer).catch(() => heard);
      if (received !== heard) [heard, heardAt] = [received, now];
      if (current() && now - heardAt >= SILENT_MS) return this.#lost(0, heardAt);
      await new Promise((resolve) => setTimeout(resolve, LISTEN_MS));
    }
  }

  /** The connection is away: lets go of what is left of it and plans the next try. */
  #lost(waitMs = 0, since = performance.now()) {
    const now = performance.now();
    if (this.state === "recording" && now - this.#steadySince > STEADY_MS) this.#tries = 0;
    if (this.state !== "reconnecting") this.lostAt = since;
    const step = RETRY_MS[Math.min(this.#tries++, RETRY_MS.length - 1)];
    // Spread, so that a room full of candidates does not come back in the same instant.
    const delay = Math.max(waitMs, step * (0.75 + Math.random() / 2));
    this.#letGo();
    this.retryAt = now + delay;
    this.#timer = setTimeout(() => void this.#try(), delay);
    this.#become("reconnecting");
  }

  /** The network is back: no need to wait for the planned try. */
  #hurry() {
    if (this.state !== "reconnecting" || this.#peer) return;
    clearTimeout(this.#timer);
    void this.#try();
  }

  /** @param {Problem} problem */
  #refuse(problem) {
    this.#letGo();
    this.problem = problem;
    this.#become("refused");
  }

  /** Whatever the present try still does, it no longer counts. */
  #letGo() {
    this.#attempt += 1;
    clearTimeout(this.#timer);
    this.#peer?.close();
    this.#peer = null;
    this.#ingest = null;
    this.#senders.clear();
  }

  /** @param {State} state */
  #become(state) {
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }
}

/** Counts what came from the other side, of whatever kind. @param {RTCPeerConnection} peer */
async function receivedOf(peer) {
  let received = 0;
  for (const one of (await peer.getStats()).values()) {
    if (one.type === "candidate-pair") received += (one.bytesReceived ?? 0) + (one.responsesReceived ?? 0);
    else if (one.type === "transport") received += one.bytesReceived ?? 0;
    else if (one.type === "remote-inbound-rtp") received += one.roundTripTimeMeasurements ?? 0;
  }
  return received;
}
