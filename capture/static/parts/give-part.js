/** A part of the camera that is gone, given again. */

import { one } from "/static/look/dom.js";
import { NoDevice } from "../devices/devices.js";
import { complain } from "./texts.js";

/**
 * Asks for it, and says why where it is not given.
 * @param {import("../devices/camera.js").Camera | null} camera
 * @param {import("../devices/camera.js").Part} part
 */
export async function givePart(camera, part) {
  complain(one("#again-failed"), "");
  await camera?.renew(part).catch((error) => {
    if (!(error instanceof NoDevice)) throw error;
    complain(one("#again-failed"), `${part}-${error.reason}`);
  });
}
