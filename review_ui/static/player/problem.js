/** What the server answered instead of what was asked: RFC 9457's members, or words of our own. */
export class Problem extends Error {
  /**
   * @param {number} status  0 when no answer came at all
   * @param {string} detail
   * @param {string} remedy  what to do about it
   */
  constructor(status, detail, remedy) {
    super(detail);
    this.status = status;
    this.detail = detail;
    this.remedy = remedy;
  }

  /** Whether asking again may help: no answer, or the server said it is its own fault. */
  get passing() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/**
 * `fetch` that throws a Problem for every answer that is not a success.
 *
 * @param {string} url
 * @param {RequestInit} [init]
 * @returns {Promise<Response>}
 */
export async function ask(url, init) {
  let response;
  try {
    response = await fetch(url, { credentials: "same-origin", ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem(0, "", "");
  }
  if (response.ok) return response;
  let detail = "";
  let remedy = "";
  if ((response.headers.get("content-type") ?? "").includes("problem+json")) {
    const body = await response.json().catch(() => ({}));
    detail = String(body.detail ?? "");
    remedy = String(body.remedy ?? "");
  }
  throw new Problem(response.status, detail, remedy);
}
