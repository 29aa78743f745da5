/** The page's level meters, each with its word: whether the microphone is heard. */

import { one, write } from "/static/look/dom.js";
import { Meter } from "../devices/meter.js";
import { text } from "./texts.js";

export function metersOfPage() {
  return [...document.querySelectorAll("svg.meter")].map(
    (svg) =>
      new Meter(
        svg,
        (state) => svg.parentElement && write(one("[data-heard]", svg.parentElement), text(state)),
      ),
  );
}
