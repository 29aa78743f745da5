/**
 * Plays all streams of a session at one moment.
 *
 * One stream leads: its `currentTime` is the session's time. It is the first that has media at this
 * moment, those with sound before those without, so that sound never hiccups. Every TICK_MS the others
 * are compared with it: within NEAR_MS they are left alone, within FAR_MS their speed is nudged, beyond
 * that they jump. A stream without media at this moment rests; when none has any, all step to where one
 * has again. Seeking into a gap would hang a <video> for ever, so none is ever sent there.
 *
 * Emits `change` when position, state or speed changed, `tick` at each comparison.
 */

/**
 * @typedef {import("./stream-player.js").StreamPlayer} StreamPlayer
 * @typedef {import("./timeline-data.js").Timeline} Timeline
 * @typedef {import("./types.js").StreamName} StreamName
 * @typedef {"resting" | "leading" | "in-step" | "catching-up" | "loading" | "gone"} Part
 */

export const TICK_MS = 250;
const NEAR_MS = 40;
const FAR_MS = 500;
const NUDGE_MAX = 0.25;
/** A <video> may stop a few frames before the end of what it has. */
const END_SLACK_MS = 600;
const LAST_MS = 200;
export const RATES = [0.5, 1, 2, 4, 8, 16];
/** A live session is shown this far behind its newest stored segment. */
const LIVE_BEHIND_MS = 1500;

export class Conductor extends EventTarget {
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
    this._positionMs = 0;
    this._leadStoodAt = -1;
    /** @type {Map<StreamName, number>} run ends that a stream has come to without reaching them to the ms */
    this._ended = new Map();
    setInterval(() => this._tick(), TICK_MS);
    for (const player of players.values()) {
      player.video.preservesPitch = true;
      player.addEventListener("fault", () => this._changed());
    }
    timeline.addEventListener("news", () => this._changed());
  }

  /** The session's time now, in ms. */
  get positionMs() {
    const lead = this.leader ? this.players.get(this.leader) : undefined;
    if (!this.playing || !lead || lead.video.seeking) return this._positionMs;
    return Math.max(this._positionMs, 1000 * lead.video.currentTime);
  }

  /**
   * The moment to explain for a stream that shows nothing: now, or the end of the run that it has just
   * played out, a few frames ahead.
   *
   * @param {StreamName} name
   */
  momentOf(name) {
    const end = this._ended.get(name);
    return end !== undefined && this.players.get(name)?.index.runAt(this.positionMs)?.end_ms === end ? end : this.positionMs;
  }

  /** Moves every stream to `ms`; stays there when nothing was recorded then. @param {number} ms */
  seek(ms) {
    this._positionMs = Math.min(Math.max(0, ms), this.timeline.durationMs);
    this._ended.clear();
    this.leader = null;
    for (const player of this.players.values()) {
      if (player.index.runAt(this._positionMs)) player.seek(this._positionMs);
      else player.video.pause();
    }
    this._tick();
    this._changed();
  }

  play() {
    if (!this.playing && !this.timeline.session.live && this._positionMs >= this.timeline.edgeMs - NEAR_MS) {
      this.seek(0);
    }
    this.playing = true;
    this._tick();
    this._changed();
  }

  pause() {
    this._positionMs = this.positionMs;
    this.playing = false;
    for (const { video } of this.players.values()) video.pause();
    // Resting videos stand where their decoders stopped: one exact seek puts all on the same moment.
    this.seek(this._positionMs);
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  /** @param {number} rate */
  setRate(rate) {
    this.rate = Math.min(16, Math.max(0.5, rate));
    this._tick();
    this._changed();
  }

  /** Faster (1) or slower (-1) by one step. @param {1 | -1} direction */
  changeRate(direction) {
    const next = direction > 0 ? RATES.find((r) => r > this.rate) : RATES.findLast((r) => r < this.rate);
    if (next) this.setRate(next);
  }

  /** @param {boolean} muted */
  setMuted(muted) {
    this.muted = muted;
    this._tick();
    this._changed();
  }

  /** To the newest moment of a live session. */
  toLive() {
    this.seek(this.timeline.edgeMs - LIVE_BEHIND_MS);
    this.setRate(1);
    this.play();
  }

  /** @param {StreamName} name @param {number} ms */
  _covers(name, ms) {
    const player = this.players.get(name);
    if (!player?.usable) return false;
    const run = player.index.runAt(ms);
    return run !== null && this._ended.get(name) !== run.end_ms;
  }

  /** The stream to follow at `ms`, or null. @param {number} ms @returns {StreamName | null} */
  _choose(ms) {
    const able = [...this.players.keys()].filter((name) => this._covers(name, ms));
    if (this.leader && able.includes(this.leader) && this.players.get(this.leader)?.index.hasSound) return this.leader;
    return able.find((name) => this.players.get(name)?.index.hasSound) ?? able[0] ?? null;
  }

  _tick() {
    this._positionMs = this.positionMs;
    this._noteStall();
    const before = this.leader;
    this.leader = this._choose(this._positionMs);
    if (!this.leader && this.playing) this._step();
    const lead = this.leader ? this.players.get(this.leader) : undefined;
    const waiting = lead !== undefined && this.playing && lead.video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA;
    for (const [name, player] of this.players) {
      const part = this._direct(name, player, waiting);
      this.parts.set(name, part);
      player.video.muted = this.muted || name !== this.leader;
      player.follow(this._positionMs, this.playing ? this.rate : 1);
    }
    if (before !== this.leader) this._changed();
    this.dispatchEvent(new Event("tick"));
  }

  /**
   * The leader has stood still since the last comparison although it should play. Just before the end of
   * its run that is the end: a decoder keeps back the last frames when nothing follows. Before a hairline
   * hole between two segments it is helped across. Anything else is loading, and passes.
   */
  _noteStall() {
    const lead = this.leader ? this.players.get(this.leader) : undefined;
    const before = this._leadStoodAt;
    this._leadStoodAt = lead?.video.currentTime ?? -1;
    if (!this.playing || !this.leader || !lead || lead.video.seeking || before !== this._leadStoodAt) return;
    if (lead.video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA && !lead.video.ended) return;
    const run = lead.index.runAt(this._positionMs);
    if (!run) return;
    const slackMs = END_SLACK_MS * Math.max(1, this.rate / 2);
    const hairline = lead.nextBuffered(this._positionMs);
    if (hairline !== null && hairline - this._positionMs < END_SLACK_MS && hairline < run.end_ms) {
      lead.video.currentTime = (hairline + 1) / 1000;
    } else if (run.end_ms - this._positionMs < slackMs && lead.isBuffered(run.end_ms - LAST_MS)) {
      this._ended.set(this.leader, run.end_ms);
    }
  }

  /** Nothing was recorded now: go to where something was, or end. */
  _step() {
    const next = Math.min(
      ...[...this.players.values()].filter((p) => p.usable).map((p) => p.index.nextStart(this._positionMs)),
    );
    if (Number.isFinite(next)) {
      this.seek(next);
    } else if (!this.timeline.session.live) {
      this.playing = false;
      this._positionMs = this.timeline.edgeMs;
      for (const { video } of this.players.values()) video.pause();
      this._changed();
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
  _direct(name, player, waiting) {
    const { video } = player;
    if (!player.usable) {
      video.pause();
      return "gone";
    }
    if (!this._covers(name, this._positionMs)) {
      if (!video.paused) video.pause();
      return "resting";
    }
    if (video.readyState === HTMLMediaElement.HAVE_NOTHING) return "loading";
    const leading = name === this.leader;
    const offMs = 1000 * video.currentTime - player.index.mediaFrom(this._positionMs);
    const scale = Math.max(1, this.rate);
    const far = Math.abs(offMs) > (this.playing ? FAR_MS * Math.max(1, scale / 4) : NEAR_MS);
    if (far && player.isFree && (!leading || video.seeking)) player.goTo(this._positionMs);
    if (!this.playing) return "in-step";
    const wanted =
      leading || Math.abs(offMs) < NEAR_MS * scale
        ? this.rate
        : this.rate * (1 - Math.max(-NUDGE_MAX, Math.min(NUDGE_MAX, offMs / 1000 / scale)));
    if (Math.abs(video.playbackRate - wanted) > 0.001) video.playbackRate = Math.min(16, Math.max(0.0625, wanted));
    if (waiting && !leading) video.pause();
    else if (video.paused) void video.play().catch((error) => this._refused(error));
    if (leading) return waiting ? "loading" : "leading";
    return Math.abs(offMs) < FAR_MS ? "in-step" : "catching-up";
  }

  /** Browsers refuse sound before the first touch of a key or button: play silently then. @param {unknown} error */
  _refused(error) {
    if (error instanceof DOMException && error.name === "NotAllowedError" && !this.muted) this.setMuted(true);
  }

  _changed() {
    this.dispatchEvent(new Event("change"));
  }
}
