/** The phone's page for the picture of the identity card: its better camera, the same step. */

import { one } from "/static/look/dom.js";
import { supported } from "../parts/abilities.js";
import { CardCopy } from "../parts/card-copy.js";

const page = one("#identity");
const card = new CardCopy(one("[data-card]"), "environment");
addEventListener("pagehide", () => card.rest());
if (!supported([])) page.dataset.unsupported = "";
page.dataset.working = "";
