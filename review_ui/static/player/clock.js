/** Session time (ms since the start) as people read it: civil time in the exam's zone, and back. */

const DAY_S = 86_400;

/** One session's clock. */
export class SessionClock {
  #format;

  /**
   * @param {string | null} startedAt  RFC 3339; a session that never began counts from the epoch
   * @param {string} zone  IANA name
   */
  constructor(startedAt, zone) {
    this.startUnixMs = startedAt ? Date.parse(startedAt) : 0;
    const shape = /** @type {const} */ ({
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      hourCycle: "h23",
    });
    this.#format = new Intl.DateTimeFormat("en-GB", { ...shape, timeZone: zone });
    const parts = new Intl.DateTimeFormat("en-GB", { timeZone: zone, timeZoneName: "short" });
    this.zoneName =
      parts.formatToParts(this.startUnixMs).find((part) => part.type === "timeZoneName")?.value ?? zone;
  }

  /** Wall clock in the exam's zone, `09:31:47`. @param {number} ms */
  civil(ms) {
    return this.#format.format(this.startUnixMs + ms);
  }

  /** The same instant for links and ledgers, `2026-11-16T08:31:47.250Z`. @param {number} ms */
  utc(ms) {
    return new Date(this.startUnixMs + Math.round(ms)).toISOString();
  }

  /**
   * Session time of an RFC 3339 instant, or null when it is none.
   *
   * @param {string} text
   */
  ofUtc(text) {
    const unix = Date.parse(text);
    return Number.isNaN(unix) ? null : unix - this.startUnixMs;
  }

  /**
   * Session time of what a person typed: a wall clock (`9:31`, `09:31:47`), time since the start
   * (`+12:30`), or an instant with its zone (`2026-11-16T08:31:47Z`). Null when it is none of these.
   *
   * @param {string} typed
   * @returns {number | null}
   */
  ofTyped(typed) {
    const text = typed.trim();
    const since = /^\+(?:(\d{1,2}):)?(\d{1,3}):(\d{2})$/.exec(text);
    if (since) return 1000 * (3600 * Number(since[1] ?? 0) + 60 * Number(since[2]) + Number(since[3]));
    const wall = /^(\d{1,2})[:.](\d{2})(?:[:.](\d{2}(?:\.\d{1,3})?))?$/.exec(text);
    if (!wall) return /[zZ]$|[+-]\d{2}:\d{2}$/.test(text) ? this.ofUtc(text) : null;
    const [hour, minute, second] = [Number(wall[1]), Number(wall[2]), Number(wall[3] ?? 0)];
    if (hour > 23 || minute > 59 || second >= 60) return null;
    const [h = 0, m = 0, s = 0] = this.civil(0).split(":").map(Number);
    const startS = 3600 * h + 60 * m + s + (this.startUnixMs % 1000) / 1000;
    const wantedS = 3600 * hour + 60 * minute + second;
    let afterS = (wantedS - startS + DAY_S) % DAY_S;
    // Up to an hour before the start is a slip of the pen, not the next day.
    if (afterS > DAY_S - 3600) afterS -= DAY_S;
    return Math.round(1000 * afterS);
  }
}
