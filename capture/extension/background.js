/**
 * Tells the exam page which web page is in front, from the start of the recording to its end, and nobody else.
 *
 * Nothing is kept but the number of the exam's tab, and that only as long as the browser runs: a worker that
 * the browser stopped goes on where it was.
 */

/** @typedef {{ id: number, last: string } | null} Exam  `last`: what was told last, so that it is told once */

/** @returns {Promise<Exam>} */
const exam = async () => (await chrome.storage.session.get("exam"))["exam"] ?? null;

/** @param {number} id */
async function begin(id) {
  await chrome.storage.session.set({ exam: { id, last: "" } });
  await chrome.action.setBadgeBackgroundColor({ color: "#a3271b" });
  await chrome.action.setBadgeText({ text: "●" });
  await chrome.action.setTitle({ title: chrome.i18n.getMessage("active") });
}

async function end() {
  await chrome.storage.session.remove("exam");
  await chrome.action.setBadgeText({ text: "" });
  await chrome.action.setTitle({ title: chrome.i18n.getMessage("idle") });
}

/** A tab that is in front. The exam page itself is none of it: its address is the invitation. @param {chrome.tabs.Tab} tab */
async function visited(tab) {
  const current = await exam();
  if (!current || !tab.active || tab.id === current.id || tab.incognito || !tab.url) return;
  if (tab.status !== "complete") return;
  const page = { url: withoutSecrets(tab.url), title: tab.title ?? "" };
  const said = JSON.stringify(page);
  if (said === current.last) return;
  await chrome.storage.session.set({ exam: { ...current, last: said } });
  // The exam's tab is gone: so is the exam, as far as this browser knows.
  await chrome.tabs.sendMessage(current.id, page).catch(end);
}

/** A name and a password in an address are nobody's business. @param {string} address */
function withoutSecrets(address) {
  try {
    const url = new URL(address);
    url.username = url.password = "";
    return url.href;
  } catch {
    return address;
  }
}

chrome.runtime.onMessage.addListener((message, sender, answer) => {
  const id = sender.tab?.id;
  if (id === undefined) return false;
  if (message.what === "begin") begin(id).then(() => answer({ started: true }));
  else exam().then((current) => (current?.id === id ? end() : undefined)).then(() => answer({}));
  return true;
});
chrome.tabs.onActivated.addListener(async ({ tabId }) => visited(await chrome.tabs.get(tabId)));
chrome.windows.onFocusChanged.addListener(async (windowId) => {
  if (windowId === chrome.windows.WINDOW_ID_NONE) return;
  for (const tab of await chrome.tabs.query({ active: true, windowId })) await visited(tab);
});
chrome.tabs.onUpdated.addListener((_id, changed, tab) => {
  if (changed.status === "complete" || changed.url || changed.title) void visited(tab);
});
chrome.tabs.onRemoved.addListener(async (id) => {
  if ((await exam())?.id === id) await end();
});
