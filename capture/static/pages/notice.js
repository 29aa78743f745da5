/** The notice: what this browser cannot do for this exam, before anything is asked for. */

import { one } from "/static/look/dom.js";
import { lacksOf } from "../parts/abilities.js";

const place = one("#browser");
const lacks = lacksOf((place.dataset.streams ?? "").split(" "));
for (const lack of lacks) one(`[data-lack="${lack}"]`, place).hidden = false;
one("[data-instead]", place).hidden = lacks.every((lack) => lack === "buffer");
place.hidden = lacks.length === 0;
