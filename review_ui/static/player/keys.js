/**
 * The keyboard: one table of keys and what they do. Never while somebody types; can be switched off, which
 * this browser remembers.
 *
 * @typedef {Record<string, (event: KeyboardEvent) => void>} Actions
 */

const REMEMBERED = "review-keys";

/** Keys by `event.key`; a capital or "Shift+" asks for Shift. @type {Record<string, string>} */
export const KEYS = {
  " ": "toggle",
  k: "toggle",
  j: "back",
  l: "on",
  ArrowLeft: "secondBack",
  ArrowRight: "secondOn",
  "Shift+ArrowLeft": "fiveBack",
  "Shift+ArrowRight": "fiveOn",
  ",": "frameBack",
  ".": "frameOn",
  ArrowUp: "previousFlag",
  ArrowDown: "nextFlag",
  "<": "slower",
  ">": "faster",
  1: "first",
  2: "second",
  3: "third",
  i: "rangeIn",
  o: "rangeOut",
  m: "flagHere",
  c: "confirm",
  x: "dismiss",
  g: "goTo",
  f: "fullScreen",
  s: "sound",
  End: "live",
  Escape: "dropRange",
  "?": "help",
};

/** Whether letters belong to the focused element. @param {EventTarget | null} target */
function isTyping(target) {
  // A field in a dialog that has just closed keeps the focus until the next frame.
  if (!(target instanceof HTMLElement) || !target.checkVisibility()) return false;
  if (target instanceof HTMLInputElement) return target.type !== "range";
  return target.isContentEditable || /^(TEXTAREA|SELECT)$/.test(target.tagName);
}

/** Whether the focused element has its own use for this key. @param {KeyboardEvent} event */
function isOwn(event) {
  const { target, key } = event;
  if (target instanceof HTMLInputElement && target.type === "range")
    return key.startsWith("Arrow") || key === "End";
  const pressable = target instanceof HTMLElement && target.closest("button, a, summary");
  return Boolean(pressable) && (key === " " || key === "Enter");
}

/** Whether keys are in use. */
export function keysAreOn() {
  return localStorage.getItem(REMEMBERED) !== "off";
}

/** @param {boolean} on */
export function switchKeys(on) {
  if (on) localStorage.removeItem(REMEMBERED);
  else localStorage.setItem(REMEMBERED, "off");
}

/** @param {Actions} actions */
export function listen(actions) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
    if (isTyping(event.target) || isOwn(event) || document.querySelector("dialog[open]")) return;
    const pressed = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const name = (event.shiftKey && KEYS[`Shift+${pressed}`]) || KEYS[pressed];
    const action = name && actions[name];
    if (!action || (!keysAreOn() && name !== "help")) return;
    event.preventDefault();
    action(event);
  });
}
