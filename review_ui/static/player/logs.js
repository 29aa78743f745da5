/** The session's logs: opened once, then what is new while it is live; the list of what happened when. */

import { element } from "/static/look/dom.js";
import { ask } from "./problem.js";
import { say } from "./words.js";

/**
 * @typedef {import("./conductor.js").Conductor} Conductor
 * @typedef {import("./lanes.js").Lanes} Lanes
 * @typedef {import("./types.js").LogEntry} LogEntry
 */

/** A mark may be pressed this near to it. */
const NEAR_PX = 6;

export class Logs {
  #list;
  #none;
  #count;
  #url;
  #conductor;
  #lanes;
  #report;
  /** How many entries of each log were there when it was last opened. @type {Map<string, number>} */
  #opened = new Map();
  /** The last batch of each log that is here. @type {Map<string, number>} */
  #newest = new Map();

  /**
   * @param {HTMLElement} side
   * @param {string} url  of the logs, without the name
   * @param {Conductor} conductor
   * @param {Lanes} lanes
   * @param {(problem: unknown) => void} report
   */
  constructor(side, url, conductor, lanes, report) {
    this.#list = side.querySelector("[data-log-list]");
    this.#none = side.querySelector("[data-log-none]");
    this.#count = side.querySelector("[data-log-count]");
    this.#url = url;
    this.#conductor = conductor;
    this.#lanes = lanes;
    this.#report = report;
    if (!this.#list) return;
    this.#list.addEventListener("click", (event) => {
      const button = /** @type {Element} */ (event.target).closest("[data-ms]");
      if (button) conductor.seek(Number(button.getAttribute("data-ms")));
    });
    for (const log of conductor.timeline.logs) {
      lanes.logs.set(log.log, []);
      lanes.root
        .querySelector(`[data-lane="${log.log}"]`)
        ?.addEventListener("click", (event) => this.#press(/** @type {MouseEvent} */ (event), log.log));
    }
    conductor.timeline.addEventListener("news", () => void this.#open());
    void this.#open();
  }

  /** Opens what is new; an erased log has nothing to open. */
  async #open() {
    const grown = this.#conductor.timeline.logs.filter(
      (log) => log.entries > (this.#opened.get(log.log) ?? 0),
    );
    const living = grown.filter((log) => log.state === "open" || log.state === "retained");
    if (!living.length) return;
    for (const log of living) this.#opened.set(log.log, log.entries);
    try {
      for (const log of living) {
        const after = this.#newest.get(log.log) ?? -1;
        const url = `${this.#url}/${log.log}.json?after=${after}`;
        const answer = await ask(url, { headers: { accept: "application/json" } });
        const { entries, newest } = await answer.json();
        this.#newest.set(log.log, Math.max(newest, this.#newest.get(log.log) ?? -1));
        this.#lanes.logs.set(log.log, merged(this.#lanes.logs.get(log.log) ?? [], entries));
      }
    } catch (error) {
      for (const log of living) this.#opened.delete(log.log);
      this.#report(error);
    }
    this.#write();
    this.#lanes.draw();
  }

  /** All logs in one list, in the order of the time line. */
  #write() {
    const entries = [...this.#lanes.logs.values()].flat().sort((a, b) => a.ms - b.ms);
    this.#list?.replaceChildren(...entries.map((entry) => this.#line(entry)));
    this.#none?.toggleAttribute("hidden", entries.length > 0);
    if (this.#count) this.#count.textContent = String(entries.length);
  }

  /** @param {LogEntry} entry */
  #line(entry) {
    const [what, more] = told(entry);
    const button = element(
      "button",
      "log-line",
      element("span", "num", this.#conductor.timeline.clock.civil(entry.ms)),
    );
    button.setAttribute("type", "button");
    button.setAttribute("data-ms", String(entry.ms));
    const words = element("span", "what", what);
    if (more) words.append(element("span", "under", more));
    button.append(words);
    return element("li", "", button);
  }

  /** To the entry that was pressed, or the nearest to it. @param {MouseEvent} event @param {string} name */
  #press(event, name) {
    const marks = [...this.#lanes.root.querySelectorAll(`[data-lane="${name}"] [data-entry]`)];
    const away = (/** @type {Element} */ mark) => Math.abs(mark.getBoundingClientRect().x - event.clientX);
    const nearest = marks.sort((a, b) => away(a) - away(b))[0];
    if (!nearest || away(nearest) > NEAR_PX) return;
    const entry = this.#lanes.logs.get(name)?.find((one) => one.id === nearest.getAttribute("data-entry"));
    if (entry) this.#conductor.seek(entry.ms);
  }
}

/** What happened, and its second line. @param {LogEntry} entry @returns {[string, string]} */
export function told(entry) {
  switch (entry.type) {
    case undefined:
      return [say("log-answer", { question: nameOf(entry) }), entry.result?.response ?? ""];
    case "url":
      return [say("log-url", { title: entry.title || (entry.url ?? "") }), entry.url ?? ""];
    case "application":
      return [say("log-application", { name: entry.name ?? "" }), entry.title ?? ""];
    case "paste":
      return [say("log-paste", { chars: entry.chars ?? 0 }), ""];
    case "missed":
      return [say("log-missed", { count: entry.count ?? 0 }), ""];
    case "clock-set":
      return [say("log-clock-set", { seconds: ((entry.by_ms ?? 0) / 1000).toFixed(1) }), ""];
    case "sound-missing":
    case "picture-missing":
      return [
        say(`log-${entry.type}`, { stream: say(`stream-${entry.stream}`) }),
        say(`log-part-${entry.cause}`),
      ];
    case "sound-back":
    case "picture-back":
      return [say(`log-${entry.type}`, { stream: say(`stream-${entry.stream}`) }), ""];
    case "display-change":
      return [
        say(
          entry.extended === true
            ? "log-display-several"
            : entry.extended === false
              ? "log-display-one"
              : "log-display-untold",
        ),
        "",
      ];
    default:
      return [say(`log-${entry.type}`), ""];
  }
}

/**
 * Both in the order of the time line, each entry once: of two with the same id the first counts.
 * @param {LogEntry[]} known
 * @param {LogEntry[]} news
 */
function merged(known, news) {
  const ids = new Set(known.map((entry) => entry.id));
  return [...known, ...news.filter((entry) => !ids.has(entry.id))].sort((a, b) => a.ms - b.ms);
}

/** The question's own name in any language, else its id. @param {LogEntry} entry */
function nameOf(entry) {
  return Object.values(entry.object?.definition?.name ?? {})[0] ?? entry.object?.id ?? "";
}
