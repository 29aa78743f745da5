/**
 * Plays all streams of a session at one moment.
 *
 * One stream leads: its `currentTime` is the session's time. It is the first that has media at this
 * moment, those with sound before those without, so that sound never hiccups. At each tick (`pace.js`) the
 * others are compared with it: within NEAR_MS they are left alone, within FAR_MS their speed is nudged,
 * beyond that they jump. A stream without media at this moment rests; when none has any, all step to where
 * one has again. Seeking into a gap would hang a <video> for ever, so none is ever sent there.
 *
 * No stream holds the others: one that stands still on what is loaded steps over it within STOOD_MS, and
 * rests until then; one whose data does not come for HELD_MS is followed no longer, until it has come.
 *
 * Emits `change` when position, state or speed changed, `tick` at each comparison, `skip` when all are about
 * to step over what cannot be played (its detail: `{ name, stretch }`, once per stream that has such a
 * thing).
 */

import { Pace } from "./pace.js";

/**
 * @typedef {import("./stream-player.js").StreamPlayer} StreamPlayer
 * @typedef {import("./timeline-data.js").Timeline} Timeline
 * @typedef {import("./types.js").StreamName} StreamName
 * @typedef {"resting" | "leading" | "in-step" | "catching-up" | "loading" | "gone"} Part
 */

const NEAR_MS = 40;
const FAR_MS = 500;
const NUDGE_MAX = 0.25;
/** How long a <video> may stand: where its buffer ends, where it does not, where it jumps or begins. */
const STOOD_EDGE_MS = 200;
const STOOD_MS = 450;
const SLOW_MS_MAX = 3000;
/** How long the others wait for a leader whose data is on its way. */
const HELD_MS = 3000;
export const RATES = [0.5, 1, 2, 4, 8, 16];
/** A live session is shown this far behind its newest stored segment. */
const LIVE_BEHIND_MS = 1500;

export class Conductor extends EventTarget {
  #positionMs = 0;
  /** Streams that nobody waits for until their data has come. @type {Set<StreamName>} */
  #held = new Set();

  /**
   * @param {Timeline} timeline
   * @param {Map<StreamName, StreamPlayer>} players
   */
  constructor(timeline, players) {
    super();
    this.timeline = timeline;
    this.players = players;
    this.playing = false;
    this.rate = 1;
    this.muted = false;
    /** @type {StreamName | null} */
    this.leader = null;
    /** @type {Map<StreamName, Part>} */
    this.parts = new Map();
    this.pace = new Pace(
      () => this.#tick(),
      () => this.#watch(),
      () => !this.playing && [...players.values()].every((player) => player.isAtRest),
    );
    for (const player of players.values()) {
      player.video.preservesPitch = true;
      player.addEventListener("fault", () => this.#changed());
    }
    timeline.addEventListener("news", () => this.#changed());
  }

  /** The session's time now, in ms. */
  get positionMs() {
    const lead = this.leader ? this.players.get(this.leader) : undefined;
    if (!this.playing || !lead || lead.video.seeking) return this.#positionMs;
    return Math.max(this.#positionMs, 1000 * lead.video.currentTime);
  }

  /**
   * The moment to explain for a stream that shows nothing: now, or the end of the run that it has just
   * played out, a few frames ahead.
   *
   * @param {StreamName} name
   */
  momentOf(name) {
    const player = this.players.get(name);
    const end = player?.ended ?? null;
    return end !== null && player?.index.runAt(this.positionMs)?.end_ms === end ? end : this.positionMs;
  }

  /** Moves every stream to `ms`; stays there when nothing was recorded then. @param {number} ms */
  seek(ms) {
    this.pace.wake();
    for (const player of this.players.values()) player.forgive();
    this.#moveTo(ms);
  }

  /** @param {number} ms */
  #moveTo(ms) {
    this.#positionMs = Math.min(Math.max(0, ms), this.timeline.durationMs);
    this.#held.clear();
    this.leader = null;
    for (const player of this.players.values()) {
      if (player.index.runAt(this.#positionMs)) player.seek(this.#positionMs);
      else player.video.pause();
    }
    this.#tick();
    this.#changed();
  }

  play() {
    if (!this.playing && !this.timeline.session.live && this.#positionMs >= this.timeline.edgeMs - NEAR_MS) {
      this.seek(0);
    }
    this.pace.wake();
    this.playing = true;
    this.#tick();
    this.#changed();
  }

  pause() {
    this.#positionMs = this.positionMs;
    this.playing = false;
    for (const { video } of this.players.values()) video.pause();
    // Resting videos stand where their decoders stopped: one exact seek puts all on the same moment.
    this.seek(this.#positionMs);
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  /** @param {number} rate */
  setRate(rate) {
    this.rate = Math.min(16, Math.max(0.5, rate));
    this.#tick();
    this.#changed();
  }

  /** Faster (1) or slower (-1) by one step. @param {1 | -1} direction */
  changeRate(direction) {
    const next = direction > 0 ? RATES.find((r) => r > this.rate) : RATES.findLast((r) => r < this.rate);
    if (next) this.setRate(next);
  }

  /** @param {boolean} muted */
  setMuted(muted) {
    this.muted = muted;
    this.#tick();
    this.#changed();
  }

  /** To the newest moment of a live session. */
  toLive() {
    this.seek(this.timeline.edgeMs - LIVE_BEHIND_MS);
    this.setRate(1);
    this.play();
  }

  /** The stream to follow at `ms`, or null. @param {number} ms @returns {StreamName | null} */
  #choose(ms) {
    const covering = [...this.players].filter(([, player]) => player.covers(ms));
    const able = covering.filter(([name]) => !this.#held.has(name));
    // The leader stays until another is as far as it is: a jump of the leader would be one of all.
    const led = able.find(([name]) => name === this.leader);
    const ready = able.filter(([name, player]) => name === this.leader || this.#isReady(player, ms));
    const heard = (/** @type {[StreamName, StreamPlayer][]} */ among) =>
      among.filter(([, player]) => player.index.hasSound);
    const stays = led && led[1].index.hasSound ? led : undefined;
    const best = stays ?? heard(ready)[0] ?? led ?? ready[0] ?? heard(able)[0] ?? able[0] ?? covering[0];
    return best?.[0] ?? null;
  }

  /**
   * Whether a stream could lead from now on without a halt.
   * @param {StreamPlayer} player
   * @param {number} ms
   */
  #isReady({ video }, ms) {
    const near = Math.abs(1000 * video.currentTime - ms) < 2 * NEAR_MS * Math.max(1, this.rate);
    return near && !video.seeking && video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA;
  }

  #tick() {
    this.#positionMs = this.positionMs;
    for (const name of this.#held) {
      if (this.players.get(name)?.isBuffered(this.#positionMs)) this.#held.delete(name);
    }
    const before = this.leader;
    this.leader = this.#choose(this.#positionMs);
    if (!this.leader && this.playing) this.#step();
    if (before !== this.leader) this.#follow(this.leader);
    const lead = this.leader ? this.players.get(this.leader) : undefined;
    const waiting =
      lead !== undefined && this.playing && lead.video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA;
    for (const [name, player] of this.players) {
      const part = this.#direct(name, player, waiting);
      this.parts.set(name, part);
      player.video.muted = this.muted || name !== this.leader;
      player.follow(this.#positionMs, this.playing ? this.rate : 1);
    }
    if (before !== this.leader) this.#changed();
    this.dispatchEvent(new Event("tick"));
  }

  /** The position comes from this stream from now on, so it must be there. @param {StreamName | null} name */
  #follow(name) {
    const lead = name ? this.players.get(name) : undefined;
    if (lead && lead.isFree && Math.abs(1000 * lead.video.currentTime - this.#positionMs) > FAR_MS)
      lead.goTo(this.#positionMs);
  }

  /** Looks for streams that stand still, be it at play or in a jump that does not end. */
  #watch() {
    const now = performance.now();
    for (const [name, player] of this.players) {
      const { video } = player;
      const should = player.covers(this.positionMs) && (video.seeking || (this.playing && !video.paused));
      const stoodMs = player.standing.note(video, now, should);
      if (stoodMs >= STOOD_EDGE_MS) this.#stands(name, player, stoodMs);
    }
  }

  /** @param {StreamName} name @param {StreamPlayer} player @param {number} stoodMs */
  #stands(name, player, stoodMs) {
    const ms = this.positionMs;
    if (!player.isLoaded(ms)) {
      const late = stoodMs > HELD_MS || (player.fault !== null && stoodMs > STOOD_MS);
      if (late && this.playing && name === this.leader && !player.isBuffered(ms)) this.#held.add(name);
      return;
    }
    const slow = player.isBuffered(ms) && (player.video.seeking || player.standing.begins);
    if (!player.stepOver(ms, stoodMs >= (slow ? SLOW_MS_MAX : STOOD_MS))) return;
    this.#tick();
    this.#changed();
  }

  /** Nothing was recorded now: go to where something was, or end. */
  #step() {
    const next = Math.min(
      ...[...this.players.values()].map((player) => player.playableFrom(this.#positionMs)),
    );
    for (const [name, player] of this.players) {
      const stretch = player.blocked.at(this.#positionMs);
      if (stretch) this.dispatchEvent(new CustomEvent("skip", { detail: { name, stretch } }));
    }
    if (Number.isFinite(next)) {
      this.#moveTo(next);
    } else if (!this.timeline.session.live) {
      this.playing = false;
      this.#positionMs = this.timeline.edgeMs;
      for (const { video } of this.players.values()) video.pause();
      this.#changed();
    }
  }

  /**
   * Brings one stream into line and says what it is doing.
   *
   * @param {StreamName} name
   * @param {StreamPlayer} player
   * @param {boolean} waiting  the leader has no data yet, so nobody moves
   * @returns {Part}
   */
  #direct(name, player, waiting) {
    const { video } = player;
    if (!player.usable) {
      video.pause();
      return "gone";
    }
    if (!player.covers(this.#positionMs)) {
      if (!video.paused) video.pause();
      return "resting";
    }
    if (video.readyState === HTMLMediaElement.HAVE_NOTHING) return "loading";
    const leading = name === this.leader;
    const offMs = 1000 * video.currentTime - player.mediaFrom(this.#positionMs);
    const scale = Math.max(1, this.rate);
    const far = Math.abs(offMs) > (this.playing ? FAR_MS * Math.max(1, scale / 4) : NEAR_MS);
    if (far && player.isFree && (!leading || video.seeking)) player.goTo(this.#positionMs);
    if (!this.playing) return "in-step";
    const wanted =
      leading || Math.abs(offMs) < NEAR_MS * scale
        ? this.rate
        : this.rate * (1 - Math.max(-NUDGE_MAX, Math.min(NUDGE_MAX, offMs / 1000 / scale)));
    if (Math.abs(video.playbackRate - wanted) > 0.001)
      video.playbackRate = Math.min(16, Math.max(0.0625, wanted));
    if (waiting && !leading) video.pause();
    else if (video.paused) this.#start(player);
    if (leading) return waiting ? "loading" : "leading";
    if (!player.isBuffered(this.#positionMs)) return "loading";
    return Math.abs(offMs) < FAR_MS ? "in-step" : "catching-up";
  }

  /** @param {StreamPlayer} player */
  #start({ video, standing }) {
    standing.begin();
    void video.play().catch((error) => this.#refused(error));
  }

  /**
   * Browsers refuse sound before the first touch of a key or button: play silently then.
   * @param {unknown} error
   */
  #refused(error) {
    if (error instanceof DOMException && error.name === "NotAllowedError" && !this.muted) this.setMuted(true);
  }

  #changed() {
    this.pace.wake();
    this.dispatchEvent(new Event("change"));
  }
}
