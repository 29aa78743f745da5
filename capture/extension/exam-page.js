/**
 * Between the exam page and the extension. The page says when the recording begins and ends; the extension
 * says which page came to the front. The session's token stays with the page, which alone speaks to the
 * server.
 */

/** @param {unknown} message */
const toPage = (message) => window.postMessage(message, location.origin);

/** @param {"begin" | "end"} what */
async function toExtension(what) {
  // After an update of the extension nobody answers: the page then simply hears nothing more.
  const answer = await chrome.runtime.sendMessage({ what }).catch(() => null);
  if (what === "begin" && answer?.started) toPage({ proctoring: "started" });
}

addEventListener("message", (event) => {
  if (event.source !== window || event.origin !== location.origin) return;
  const what = event.data?.proctoring;
  if (what === "begin" || what === "end") void toExtension(what);
});
addEventListener("pagehide", () => void toExtension("end"));
chrome.runtime.onMessage.addListener((message, _sender, answer) => {
  toPage({ proctoring: "visited", url: message.url, title: message.title });
  // Unanswered, the extension would take this page for gone.
  answer(true);
});
