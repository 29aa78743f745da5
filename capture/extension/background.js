/**
 * Tells the exam page which web page is in front, from the start of the recording to its end, and nobody
 * else.
 *
 * A page that was in front is told once it is there, also if it is in front no longer by then. Nothing is
 * kept but the numbers of tabs and what was told last, and that only as long as the browser runs: a worker
 * that the browser stopped goes on where it was.
 */

/**
 * `id`: the exam's tab. `last`: what was told last, so that it is told once. `loading`: tabs that have been
 * in front before their page was there.
 * @typedef {{ id: number, last: string, loading: number[] } | null} Exam
 */

/** What reads and writes the exam, one after the other. @type {Promise<unknown>} */
let turn = Promise.resolve();

/** @param {() => Promise<unknown>} act */
const inTurn = (act) => (turn = turn.then(act, act));

const exam = async () => /** @type {Exam} */ ((await chrome.storage.session.get("exam"))["exam"] ?? null);

/** @param {number} id */
async function begin(id) {
  await chrome.storage.session.set({ exam: { id, last: "", loading: [] } });
  await chrome.action.setBadgeBackgroundColor({ color: "#a3271b" });
  await chrome.action.setBadgeText({ text: "●" });
  await chrome.action.setTitle({ title: chrome.i18n.getMessage("active") });
}

async function end() {
  await chrome.storage.session.remove("exam");
  await chrome.action.setBadgeText({ text: "" });
  await chrome.action.setTitle({ title: chrome.i18n.getMessage("idle") });
}

/**
 * A tab as an event found it. The exam page itself is none of it: its address is the invitation.
 * @param {chrome.tabs.Tab} tab @param {boolean} inFront
 */
async function visited(tab, inFront) {
  const current = await exam();
  if (!current || tab.id === undefined || tab.incognito || !tab.url) return;
  if (!inFront && !current.loading.includes(tab.id)) return;
  const loading = current.loading.filter((id) => id !== tab.id);
  if (tab.id === current.id) return keep({ ...current, last: "" });
  if (tab.status !== "complete") return keep({ ...current, loading: [...loading, tab.id] });
  const page = { url: withoutSecrets(tab.url), title: tab.title ?? "" };
  const said = JSON.stringify(page);
  await keep({ ...current, last: said, loading });
  if (said === current.last) return;
  // The exam's tab is gone: so is the exam, as far as this browser knows.
  await chrome.tabs.sendMessage(current.id, page).catch(end);
}

/** @param {Exam} next */
const keep = (next) => chrome.storage.session.set({ exam: next });

/** The exam page of this tab is done. @param {number} id */
const left = async (id) => ((await exam())?.id === id ? end() : undefined);

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
  if (message.what === "begin") inTurn(() => begin(id)).then(() => answer({ started: true }));
  else inTurn(() => left(id)).then(() => answer({}));
  return true;
});
chrome.tabs.onActivated.addListener(({ tabId }) => {
  const found = chrome.tabs.get(tabId).catch(() => null);
  void inTurn(async () => {
    const tab = await found;
    if (tab) await visited(tab, true);
  });
});
chrome.windows.onFocusChanged.addListener((windowId) => {
  if (windowId === chrome.windows.WINDOW_ID_NONE) return;
  const found = chrome.tabs.query({ active: true, windowId });
  void inTurn(async () => {
    for (const tab of await found) await visited(tab, true);
  });
});
chrome.tabs.onUpdated.addListener((_id, changed, tab) => {
  if (changed.status || changed.url || changed.title) void inTurn(() => visited(tab, tab.active));
});
chrome.tabs.onRemoved.addListener((id) => void inTurn(() => left(id)));
