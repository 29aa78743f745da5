/**
 * Cuts the endless WebM file that a MediaRecorder writes into short ones that each play alone (RFC 9559):
 * what stands before the first cluster, then all blocks from one keyframe up to another. Where no picture
 * comes, as when a camera is gone, pieces of sound alone. Times stay as the recorder wrote them.
 *
 * @typedef {{ data: Blob, start: number, end: number }} Cut  milliseconds of the recorder's own clock
 * @typedef {{ start: number, parts: BlobPart[], alone: boolean }} Open  `alone`: it holds no picture
 */

const SEGMENT = 0x18538067;
const TRACKS = 0x1654ae6b;
const TRACK = 0xae;
const CLUSTER = 0x1f43b675;
/** What is gone into instead of stepped over. */
const ENTERED = [SEGMENT, TRACKS, TRACK, CLUSTER];
const TRACK_NUMBER = 0xd7;
const TRACK_TYPE = 0x83;
const VIDEO = 1;
const TIMESTAMP = 0xe7;
const SIMPLE_BLOCK = 0xa3;
const KEYFRAME = 0x80;
// Longer than this no piece is taken: without a keyframe it would never end.
const LENGTH_MS_MAX = 60_000;
// Less sound than this before a keyframe is not worth a piece.
const ALONE_MS_MIN = 200;
// A cluster of unknown length: it ends where the next one begins, or the file.
const CLUSTER_HEAD = new Uint8Array([0x1f, 0x43, 0xb6, 0x75, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);

export class WebmCutter {
  /** The latest block's time, in milliseconds. */
  lastMs = 0;

  #rest = new Uint8Array();
  /** What every file begins with. @type {BlobPart[]} */
  #head = [];
  #track = 0;
  #video = 0;
  /** How the present cluster begins. @type {BlobPart[]} */
  #cluster = [];
  #clusterMs = 0;
  /** @type {Open | null} */
  #open = null;

  /** @param {number} lengthMs how long a piece lasts at least */
  constructor(lengthMs) {
    this.lengthMs = lengthMs;
  }

  /** The pieces that are whole after these bytes. @param {Uint8Array} bytes @returns {Cut[]} */
  push(bytes) {
    const data = new Uint8Array(this.#rest.length + bytes.length);
    data.set(this.#rest);
    data.set(bytes, this.#rest.length);
    /** @type {Cut[]} */
    const cuts = [];
    let at = 0;
    for (let one = element(data, at); one; one = element(data, at)) {
      const end = ENTERED.includes(one.id) ? one.content : one.content + one.length;
      if (end > data.length) break;
      const cut = this.#take(one.id, data.subarray(at, end), data.subarray(one.content, end));
      if (cut) cuts.push(cut);
      at = end;
    }
    this.#rest = data.slice(at);
    return cuts;
  }

  /** What is left, when no more bytes come; it ends with its last block. @returns {Cut | null} */
  end() {
    const open = this.#open;
    this.#open = null;
    return open && this.#cut(open, this.lastMs);
  }

  /**
   * @param {number} id
   * @param {Uint8Array<ArrayBuffer>} whole
   * @param {Uint8Array<ArrayBuffer>} content
   */
  #take(id, whole, content) {
    if (id === SIMPLE_BLOCK) return this.#block(whole, content);
    if (id === TRACK_NUMBER) this.#track = integer(content);
    if (id === TRACK_TYPE && integer(content) === VIDEO) this.#video = this.#track;
    if (id === TIMESTAMP) {
      this.#clusterMs = integer(content);
      this.#cluster = [CLUSTER_HEAD, whole];
      this.#open?.parts.push(...this.#cluster);
    } else if (id !== CLUSTER) {
      const before = this.#cluster.length ? this.#open?.parts : this.#head;
      before?.push(whole);
    }
    return null;
  }

  /**
   * A keyframe begins a piece, once the one before is long enough; sound does where no keyframe came for
   * long.
   * @param {Uint8Array<ArrayBuffer>} whole
   * @param {Uint8Array} content
   */
  #block(whole, content) {
    const timeAt = sizeOf(content[0]);
    const track = content[0] & (0xff >> timeAt);
    const ms = this.#clusterMs + new DataView(content.buffer, content.byteOffset).getInt16(timeAt);
    this.lastMs = Math.max(this.lastMs, ms);
    const before = this.#open;
    const lasted = before ? ms - before.start : Infinity;
    const picture = track === this.#video;
    const keyframe = picture && Boolean(content[timeAt + 2] & KEYFRAME);
    const begins = keyframe
      ? before?.alone || lasted >= this.lengthMs
      : !picture && lasted > (before?.alone ? this.lengthMs : LENGTH_MS_MAX);
    if (begins) this.#open = { start: ms, parts: [...this.#cluster, whole], alone: !keyframe };
    else if (lasted > LENGTH_MS_MAX) this.#open = null;
    else before?.parts.push(whole);
    return before && before !== this.#open ? this.#cut(before, ms) : null;
  }

  /** @param {Open} open @param {number} end @returns {Cut | null} */
  #cut({ start, parts, alone }, end) {
    if (alone && end - start < ALONE_MS_MIN) return null;
    return { data: new Blob([...this.#head, ...parts]), start, end };
  }
}

/**
 * The element that begins at `at`, or null while its head is not there.
 * @param {Uint8Array} data
 * @param {number} at
 */
function element(data, at) {
  const idSize = at < data.length ? sizeOf(data[at]) : Infinity;
  const lengthAt = at + idSize;
  const lengthSize = lengthAt < data.length ? sizeOf(data[lengthAt]) : Infinity;
  const content = lengthAt + lengthSize;
  if (!(content <= data.length)) return null;
  const length = [...data.subarray(lengthAt + 1, content)].reduce(
    (sum, byte) => sum * 256 + byte,
    data[lengthAt] & (0xff >> lengthSize),
  );
  return { id: integer(data.subarray(at, lengthAt)), length, content };
}

/** Of a variable-size integer, by its first byte. @param {number} first */
const sizeOf = (first) => Math.clz32(first) - 23;

/** @param {Uint8Array} bytes */
const integer = (bytes) => bytes.reduce((sum, byte) => sum * 256 + byte, 0);
