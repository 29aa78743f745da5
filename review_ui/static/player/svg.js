/** Drawing in time: SVG elements placed by percentages, which reflow and never distort. */

const NS = "http://www.w3.org/2000/svg";

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @param {(SVGElement | string)[]} children
 * @returns {SVGElement}
 */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/** @param {number} share  0 to 1 */
export const percent = (share) => `${(100 * share).toFixed(3)}%`;

/**
 * A flag's mark.
 * @param {string} source
 * @param {string} state
 * @param {Record<string, string | number>} place
 */
export function mark(source, state, place = {}) {
  return svg("use", { class: `mark is-${state}`, href: `#m-${source}`, ...place });
}
