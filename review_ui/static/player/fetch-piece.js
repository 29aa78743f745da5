/** Fetches one piece of media, as often as it takes while asking again may help. */

import { PieceMemory } from "./piece-memory.js";
import { ask, Problem } from "./problem.js";
import { say } from "./words.js";

const RETRY_MS = [500, 1000, 2000, 4000, 8000];
/**
 * A server that is at fault so many times for a piece is not asked again for it; one that does not answer is.
 */
const ATTEMPTS_MAX = 4;
/** Without a whole answer for so long, the connection counts as away. */
const ANSWER_MS_MAX = 30_000;
const memory = new PieceMemory();

/**
 * The bytes of a piece, from memory where they were fetched a moment ago. Throws Problem when it cannot be
 * had, AbortError when `signal` says so.
 *
 * @param {string} url
 * @param {AbortSignal} signal
 * @param {boolean} mayGiveUp  whether to throw a fault of the server's after ATTEMPTS_MAX; else asks on
 * @param {(problem: Problem) => void} waiting  is told of each attempt that failed and is made again
 */
export async function fetchPiece(url, signal, mayGiveUp, waiting) {
  const known = memory.get(url);
  if (known) return known;
  for (let attempt = 1; ; attempt++) {
    try {
      const within = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS_MAX)]);
      const bytes = await (await ask(url, { signal: within })).arrayBuffer();
      memory.put(url, bytes);
      return bytes;
    } catch (error) {
      if (signal.aborted) throw error;
      const problem = error instanceof Problem ? error : new Problem(0, "", ""); // broken off in the middle
      if (!problem.passing) memory.forget();
      if (!problem.passing || (mayGiveUp && problem.status >= 500 && attempt >= ATTEMPTS_MAX)) throw problem;
      waiting(
        new Problem(problem.status, problem.detail || say("offline"), problem.remedy || say("offline-do")),
      );
      await pause(RETRY_MS[Math.min(attempt, RETRY_MS.length) - 1] ?? 8000, signal);
    }
  }
}

/** Lets the next attempt ask for everything again. */
export function forgetPieces() {
  memory.forget();
}

/** @param {number} ms @param {AbortSignal} signal @returns {Promise<void>} */
function pause(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
