/**
 * The recording step: what is recorded right now, per stream in text and sign; the clock; and, when
 * something is away, one instruction with its button. Used by the computer's page and the phone's.
 */

import { duration, maybe, one, write } from "/static/look/dom.js";
import { Buffer } from "../keep/buffer.js";
import { canRecord } from "../keep/piece-recorder.js";
import { NOTHING } from "./missing-log.js";
import { text, timeOfDay } from "./texts.js";

const EVERY_MS = 500;
const IDLE_ROUNDS_MAX = 8;
// The phone follows the computer's start by a round or two; that is not worth a word.
const PHONE_AWAY_ROUNDS = 4;

/**
 * What hinders, most pressing first; each has one instruction in the texts, and perhaps one button.
 * @typedef {"picture-lost" | "sound-lost" | "picture-muted" | "sound-muted" | "picture-unstorable"}
 *   PartTrouble
 * @typedef {"elsewhere" | "refused" | "screen-ended" | "camera-lost" | PartTrouble | "phone-away" |
 *   "second-display" | ""} Trouble
 * @typedef {"on" | "wait" | "off"} Sign
 */

export class RecordingView {
  /** Status rounds in which a connected stream was not being stored. @type {Map<string, number>} */
  #idleRounds = new Map();
  /** Status rounds in which everything was recorded but the phone. */
  #phoneAway = 0;
  /** Streams of which something was stored since the page opened. @type {Set<string>} */
  #begun = new Set();
  #fresh = false;

  /**
   * @param {Map<string, import("../publish/whip.js").Publisher>} publishers
   * @param {import("./session-status.js").Watch} watch
   */
  constructor(publishers, watch) {
    this.publishers = publishers;
    this.watch = watch;
    this.root = one('[data-step="recording"]');
    /** @type {Set<string>} Streams whose device the candidate has to give again. */
    this.away = new Set();
    /**
     * What of a stream of this page is missing while the rest goes on.
     * @type {Map<string, import("../devices/camera.js").Lacks>}
     */
    this.lacks = new Map();
    this.ending = false;
    this.elsewhere = false;
    this.secondDisplay = false;
    /** @type {Map<string, Buffer>} What the server may not have yet, kept on this device. */
    this.buffers = new Map();
    const late = document.querySelector("[data-late]")?.getAttribute("data-late");
    for (const [stream, publisher] of publishers) {
      publisher.addEventListener("state", () => this.show());
      if (late) this.#keep(stream, publisher, `${late}/${stream}`);
    }
    watch.addEventListener("status", () => (this.#doubt(), this.show()));
    setInterval(() => this.#tick(), EVERY_MS);
  }

  /** Before the session ends: the server is told what is still to come; whether it has heard. */
  async announce() {
    const heard = await Promise.all([...this.buffers.values()].map((buffer) => buffer.announce()));
    return heard.every(Boolean);
  }

  /** After the session's end: sends the rest and deletes it here. */
  async sendRest() {
    await Promise.all([...this.buffers.values()].map((buffer) => buffer.finish()));
  }

  /**
   * Records beside the connection: only afterwards does anyone know what it has lost.
   * @param {string} stream
   * @param {import("../publish/whip.js").Publisher} publisher
   * @param {string} url
   */
  #keep(stream, publisher, url) {
    const buffer = new Buffer(url, publisher.endpoint.token, this.watch.clock);
    this.buffers.set(stream, buffer);
    buffer.addEventListener("change", () => this.show());
    publisher.addEventListener("state", () => {
      const running = ["connecting", "recording", "reconnecting"].includes(publisher.state);
      if (running && publisher.media) buffer.record(publisher.media);
      else void buffer.rest();
      if (publisher.state === "recording") buffer.hurry();
    });
    publisher.addEventListener(
      "media",
      () => publisher.media && buffer.recording && buffer.record(publisher.media),
    );
  }

  show() {
    const rows = /** @type {NodeListOf<HTMLElement>} */ (this.root.querySelectorAll("[data-row]"));
    for (const row of rows) {
      const stream = row.dataset.row ?? "";
      const sign = this.#sign(stream);
      const lack = sign === "on" || this.#unstorable(stream) ? this.#lack(stream, row.dataset.part) : "";
      const mark = one("[data-sign]", row);
      mark.className = `sign sign-${lack ? "off" : sign}`;
      write(mark, text(lack ? `sign-${lack}` : this.#word(stream, sign)));
    }
    this.#showHead();
    this.#showTrouble();
  }

  /** Whether each stream of the exam is being recorded; a phone speaks of itself alone. */
  get complete() {
    const known = Object.keys(this.watch.status?.streams ?? {});
    return this.#all(this.publishers.has("phone") || !known.length ? [...this.publishers.keys()] : known);
  }

  /** @param {string[]} streams */
  #all(streams) {
    return (
      streams.length > 0 && streams.every((stream) => this.#sign(stream) === "on" && !this.#lack(stream))
    );
  }

  /** A connection on which the server records nothing for long is given up for a new one. */
  #doubt() {
    for (const [stream, publisher] of this.publishers) {
      const idle = publisher.state === "recording" && !this.watch.status?.streams[stream]?.open;
      const rounds = idle ? (this.#idleRounds.get(stream) ?? 0) + 1 : 0;
      this.#idleRounds.set(stream, rounds % IDLE_ROUNDS_MAX);
      if (rounds === IDLE_ROUNDS_MAX) publisher.renew();
    }
    const phone = this.publishers.has("phone") ? undefined : this.watch.status?.streams["phone"];
    this.#phoneAway =
      phone && !phone.recording && this.#all([...this.publishers.keys()]) ? this.#phoneAway + 1 : 0;
    for (const [stream, known] of Object.entries(this.watch.status?.streams ?? {})) {
      if (known.recording) this.#begun.add(stream);
    }
  }

  /** Whether the server can keep what it records, as far as is known now. */
  get kept() {
    return this.watch.status?.kept !== false || !this.watch.fresh;
  }

  /** Whether the server said lately that it has what was recorded lately. @param {string} stream */
  #stored(stream) {
    return this.watch.fresh && Boolean(this.watch.status?.streams[stream]?.recording);
  }

  /** Whether a connection brings nothing that is stored, where it did before. @param {string} stream */
  #unstored(stream) {
    const open = this.watch.fresh && Boolean(this.watch.status?.streams[stream]?.open);
    return open && this.#begun.has(stream) && !this.#stored(stream) && !this.#unstorable(stream);
  }

  /** Whether what this device sends is of a kind that the server cannot store. @param {string} stream */
  #unstorable(stream) {
    return this.watch.status?.streams[stream]?.storable === false;
  }

  /**
   * The most pressing of what a stream, or one part of it, lacks.
   * @param {string} stream
   * @param {string} [part]
   * @returns {PartTrouble | ""}
   */
  #lack(stream, part) {
    if (this.away.has(stream)) return "";
    const lacks = this.lacks.get(stream) ?? NOTHING;
    for (const why of /** @type {const} */ (["lost", "muted"])) {
      for (const one of /** @type {const} */ (["picture", "sound"]))
        if (lacks[one] === why && (part ?? one) === one) return `${one}-${why}`;
    }
    return this.#unstorable(stream) && part !== "sound" ? "picture-unstorable" : "";
  }

  /** @param {string} stream @returns {Sign} */
  #sign(stream) {
    const publisher = this.publishers.get(stream);
    if (!publisher) return this.#stored(stream) && this.kept ? "on" : "wait";
    if (this.away.has(stream) || publisher.state === "refused") return "off";
    // Only the server knows that it records; a connection alone is not said to be a recording.
    if (publisher.state === "recording" && this.#stored(stream) && this.kept) return "on";
    return publisher.state === "stopped" || publisher.state === "idle" ? "off" : "wait";
  }

  /**
   * @param {string} stream
   * @param {Sign} sign
   */
  #word(stream, sign) {
    if (sign === "on") return "sign-on";
    if (sign === "off") return "sign-off";
    const state = this.publishers.get(stream)?.state;
    if (!this.kept && (state || this.#stored(stream))) return "sign-unkept";
    if (state !== "reconnecting" && this.#unstored(stream)) return "sign-unstored";
    if (!state) return "sign-waiting";
    return state === "reconnecting" ? "sign-reconnecting" : "sign-connecting";
  }

  #showHead() {
    const lost = [...this.publishers.values()].filter((publisher) => publisher.state === "reconnecting");
    const trouble = this.trouble();
    let key = this.complete ? "recording" : "connecting";
    if (key === "connecting" && this.#all([...this.publishers.keys()]) && this.#begun.has("phone"))
      key = "phone-away";
    if (trouble === "phone-away") key = "phone-away";
    const unstored = [...this.publishers.keys()].some((stream) => this.#unstored(stream));
    if (unstored) key = "unstored";
    if (lost.length) key = "reconnecting";
    if (!this.kept) key = "unkept";
    if (trouble && trouble !== "phone-away" && trouble !== "second-display") key = "interrupted";
    if (trouble === "elsewhere") key = "elsewhere";
    if (this.ending) key = "ending";
    this.root.dataset.state = key;
    one(".rec-sign", this.root).classList.toggle("rec-sign-wait", key !== "recording");
    write(one("[data-word]", this.root), text(`head-${key}`));
    const running = [...this.publishers.keys()].filter((stream) => !this.away.has(stream));
    const good = running.every((stream) => this.#sign(stream) === "on");
    const waiting = [...this.buffers.values()].some((buffer) => buffer.waiting);
    const unkept = canRecord() ? "net-unkept-here" : "net-unkept";
    const there = !this.kept
      ? unkept
      : unstored
        ? "net-unstored"
        : !good
          ? "net-connecting"
          : waiting
            ? "net-sending"
            : "net-good";
    const net = lost.length && this.kept ? (canRecord() ? "net-away-kept" : "net-away") : there;
    write(one("[data-net]", this.root), text(trouble === "elsewhere" ? "head-elsewhere" : net));
    this.#tick();
  }

  /** @returns {Trouble} */
  trouble() {
    if (this.elsewhere || [...this.publishers.values()].some((publisher) => publisher.elsewhere))
      return "elsewhere";
    const refused = [...this.publishers.values()].some((publisher) => publisher.state === "refused");
    if (refused) return "refused";
    if (this.away.has("screen")) return "screen-ended";
    if (this.away.size) return "camera-lost";
    const lack = [...this.publishers.keys()].map((stream) => this.#lack(stream)).find(Boolean);
    if (lack) return lack;
    if (this.#phoneAway >= PHONE_AWAY_ROUNDS) return "phone-away";
    return this.secondDisplay ? "second-display" : "";
  }

  #showTrouble() {
    const trouble = this.ending ? "" : this.trouble();
    for (const part of /** @type {NodeListOf<HTMLElement>} */ (
      this.root.querySelectorAll("[data-trouble]")
    )) {
      part.hidden = part.dataset.trouble !== trouble;
    }
    const problem = [...this.publishers.values()].find((publisher) => publisher.problem)?.problem;
    if (trouble !== "refused" || !problem) return;
    const over = problem.status === 409 || problem.status === 410;
    const known = over ? "refused-over" : problem.status === 401 ? "refused-token" : "refused-other";
    maybe("[data-refused]", (place) => write(place, text(known)));
    // In English, as the server says it: more than the line before it, and nothing to who reads no English.
    const more = document.documentElement.lang === "en" ? `${problem.detail} ${problem.remedy}`.trim() : "";
    maybe("[data-remedy]", (place) => write(place, more));
  }

  #tick() {
    if (this.#fresh !== this.watch.fresh) {
      this.#fresh = this.watch.fresh;
      this.show();
    }
    const elapsed = this.watch.elapsed();
    if (elapsed !== null) write(one("[data-elapsed]", this.root), duration(elapsed));
    write(one("[data-detail]", this.root), this.#detail());
  }

  #detail() {
    const lost = [...this.publishers.values()].find((publisher) => publisher.state === "reconnecting");
    if (lost && this.kept) {
      const seconds = Math.max(0, Math.ceil((lost.retryAt - performance.now()) / 1000));
      return text("detail-lost", { time: timeOfDay(this.watch.clock.at(lost.lostAt)), seconds });
    }
    // Nothing is said to be recorded since then while part of it is not.
    const started = this.root.dataset.state === "recording" && this.watch.status?.started_at;
    return started ? text("detail-since", { time: timeOfDay(Date.parse(started)) }) : "";
  }
}
