/**
 * What one stream has, and where it has nothing. Pure: no network, no page.
 *
 * A run is a stretch of segments that follow one another without a hole, with the same kinds of track.
 * Between runs there are gaps, whose reason the server gives; a hole without a record is shown too, as what
 * it is: unexplained.
 *
 * @typedef {import("./types.js").StreamData} StreamData
 * @typedef {import("./types.js").SegmentData} SegmentData
 * @typedef {import("./types.js").RunData} RunData
 * @typedef {import("./types.js").GapData} GapData
 *
 * @typedef {{ start_ms: number, end_ms: number, gap: GapData | null }} Hole  end_ms may be Infinity
 * @typedef {{ start_ms: number, end_ms: number }} Run
 */

/** Pieces nearer to one another than this play through. */
const JOIN_MS = 150;

/** @param {SegmentData} segment */
export const endOf = (segment) => segment.start_ms + segment.duration_ms;

/** @param {RunData} run @returns {SegmentData[]} */
function segmentsOf({ n, take, start_ms, late, durations_ms, bytes }) {
  let at = start_ms;
  return durations_ms.map((duration_ms, place) => {
    const segment = { n: n + place, take, start_ms: at, duration_ms, bytes: bytes[place] ?? 0, late };
    at += duration_ms;
    return segment;
  });
}

export class StreamIndex {
  /** @param {StreamData} data */
  constructor(data) {
    this.name = data.stream;
    this.state = data.state;
    /** @type {GapData[]} of the whole stream: where there is no segment */
    this.gaps = [];
    /** @type {GapData[]} of one part: there are segments, and in them no sound or no picture */
    this.lacks = [];
    /** @type {SegmentData[]} in the order of time */
    this.segments = [];
    /** The newest piece's place in the stream, -1 without any. */
    this.newest = -1;
    /** @type {Run[]} */
    this.runs = [];
    /** @type {Map<number, import("./types.js").TakeData>} */
    this.takes = new Map();
    this.update(data);
  }

  /** Takes a newer state of the same stream, with the pieces behind `newest`. @param {StreamData} data */
  update(data) {
    this.state = data.state;
    const known = this.gone ? [] : this.segments;
    const news = data.runs.flatMap(segmentsOf).filter((segment) => segment.n > this.newest);
    this.segments = [...known, ...news].sort((a, b) => a.start_ms - b.start_ms);
    this.newest = news.reduce((newest, segment) => Math.max(newest, segment.n), this.newest);
    this.gaps = data.gaps.filter((gap) => (gap.part ?? "all") === "all");
    this.lacks = data.gaps.filter((gap) => (gap.part ?? "all") !== "all");
    this.takes = new Map(data.takes.map((take) => [take.number, take]));
    this.runs = [];
    let before = { audio: false, video: false };
    for (const segment of this.segments) {
      const last = this.runs.at(-1);
      const kinds = kindsOf(this.mediaType(segment));
      const alike = kinds.audio === before.audio && kinds.video === before.video;
      if (last && segment.start_ms - last.end_ms < JOIN_MS && alike) {
        last.end_ms = Math.max(last.end_ms, endOf(segment));
      } else {
        this.runs.push({ start_ms: segment.start_ms, end_ms: endOf(segment) });
      }
      before = kinds;
    }
  }

  /** Whether anything of this stream may still be asked for. */
  get gone() {
    return this.state === "erased" || this.state === "erasing";
  }

  /** Whether any take of this stream has sound. */
  get hasSound() {
    return [...this.takes.values()].some((take) => kindsOf(take.media_type).audio);
  }

  /** The run that holds `ms`, or null. @param {number} ms */
  runAt(ms) {
    return this.runs.find((run) => run.start_ms <= ms && ms < run.end_ms) ?? null;
  }

  /** Where the next run after `ms` begins; Infinity when there is none. @param {number} ms */
  nextStart(ms) {
    return this.runs.find((run) => run.start_ms > ms)?.start_ms ?? Infinity;
  }

  /** The first segment that ends after `ms`, as a place in `segments`. @param {number} ms */
  placeFrom(ms) {
    let low = 0;
    let high = this.segments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const segment = this.segments[middle];
      if (segment && endOf(segment) > ms) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /**
   * `ms` where a segment holds it, else the start of the next one; `ms` after the last.
   * @param {number} ms
   */
  mediaFrom(ms) {
    return Math.max(ms, this.segments[this.placeFrom(ms)]?.start_ms ?? ms);
  }

  /** The segment that holds `ms`, or null. @param {number} ms */
  segmentAt(ms) {
    const segment = this.segments[this.placeFrom(ms)];
    return segment && segment.start_ms <= ms + JOIN_MS ? segment : null;
  }

  /** What is missing of one part at `ms`, by the record, or null. @param {number} ms */
  lackAt(ms) {
    return this.lacks.find((gap) => gap.start_ms <= ms && ms < (gap.end_ms ?? Infinity)) ?? null;
  }

  /** Whether there is sound alone at `ms`. @param {number} ms */
  isUnseen(ms) {
    const segment = this.segmentAt(ms);
    return segment !== null && !kindsOf(this.mediaType(segment)).video;
  }

  /** What MediaSource must be told for `segment`. @param {SegmentData} segment */
  mediaType(segment) {
    return this.takes.get(segment.take)?.media_type ?? "";
  }

  /**
   * The hole that holds `ms`, with its recorded reason if there is one; null inside a run.
   * @param {number} ms
   */
  holeAt(ms) {
    return this.holes(-Infinity, Infinity).find((hole) => hole.start_ms <= ms && ms < hole.end_ms) ?? null;
  }

  /**
   * All stretches without media between `from` and `to`.
   *
   * @param {number} from
   * @param {number} to
   * @returns {Hole[]}
   */
  holes(from, to) {
    /** @type {Hole[]} */
    const holes = [];
    let at = from;
    for (const run of [...this.runs, { start_ms: to, end_ms: to }]) {
      if (run.start_ms > at)
        holes.push({ start_ms: at, end_ms: run.start_ms, gap: this.#gapWithin(at, run.start_ms) });
      at = Math.max(at, run.end_ms);
    }
    return holes.filter((hole) => hole.start_ms < to && hole.end_ms > from);
  }

  /** @param {number} start @param {number} end */
  #gapWithin(start, end) {
    return this.gaps.find((gap) => gap.start_ms < end && (gap.end_ms ?? Infinity) > start) ?? null;
  }
}

/**
 * Which kinds of track a media type has. A SourceBuffer never changes these.
 *
 * @param {string} mediaType
 */
export function kindsOf(mediaType) {
  return { audio: /opus/i.test(mediaType), video: /avc1|vp8/i.test(mediaType) };
}
