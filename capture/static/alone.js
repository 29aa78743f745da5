/**
 * Of all tabs of a browser that show the same exam, only the one that started last records; two would take
 * the stream from each other for ever.
 */

/**
 * Holds the right to record from now on, taking it from whoever had it; calls `lost` when it is taken away.
 * @param {string} name
 * @param {() => void} lost
 */
export function recordAlone(name, lost) {
  const forEver = () => new Promise(() => {});
  navigator.locks?.request(name, { steal: true }, forEver).catch(lost);
}
