/**
 * What of a stream is missing while it is recorded, for the proctor's log: each loss and each return once.
 */

/** @typedef {import("../devices/camera.js").Lacks} Lacks */

/** @type {Lacks} */
export const NOTHING = { picture: "", sound: "" };
/** @type {Lacks} */
export const EVERYTHING = { picture: "lost", sound: "lost" };

export class MissingLog {
  #told = NOTHING;

  /** @param {import("./event-log.js").EventLog} log @param {"webcam" | "phone"} stream */
  constructor(log, stream) {
    this.log = log;
    this.stream = stream;
  }

  /** @param {Lacks} lacks */
  tell(lacks) {
    for (const part of /** @type {const} */ (["picture", "sound"])) {
      if (lacks[part] === this.#told[part]) continue;
      if (lacks[part]) this.log.add(`${part}-missing`, { stream: this.stream, cause: lacks[part] });
      else this.log.add(`${part}-back`, { stream: this.stream });
    }
    this.#told = lacks;
  }
}
