/**
 * Whether a second display is connected, where the browser tells (Window Management). Where it does not,
 * nothing is said: an unknown is not a fault.
 */

/** Calls `changed` now and whenever a display comes or goes. @param {(second: boolean) => void} changed */
export function watchDisplays(changed) {
  const told = /** @type {Screen & EventTarget & { isExtended?: boolean }} */ (screen);
  if (typeof told.isExtended !== "boolean") return;
  told.addEventListener("change", () => changed(Boolean(told.isExtended)));
  changed(told.isExtended);
}
