/**
 * What a shared track shows: the whole screen, or less of it.
 *
 * Chromium and WebKit say it (`displaySurface`). Firefox says nothing of it (153: neither that nor
 * `mediaSource`), so there the picture does: that of the whole screen has the screen's shape and size. A
 * window that covers the whole screen has them too, and shows what the screen shows.
 */

// Encoders round to even figures, and screens are scaled down.
const SHAPE_APART_MAX = 0.01;
const PICTURE_MS_MAX = 5000;

/**
 * Whether the stream shows the whole screen.
 * @param {MediaStream} media
 * @param {{ width: number, height: number }} most what was asked for at most
 */
export async function isWholeScreen(media, most) {
  const settings = /** @type {{ displaySurface?: string }} */ (media.getVideoTracks()[0].getSettings());
  if (settings.displaySurface) return settings.displaySurface === "monitor";
  const { width, height } = await sizeOf(media);
  return hasShapeOf(
    width,
    height,
    window.devicePixelRatio * screen.width,
    window.devicePixelRatio * screen.height,
    most,
  );
}

/**
 * Whether a picture is that of a screen of this size, scaled down to `most` where it is larger. Pure.
 *
 * @param {number} width @param {number} height of the picture
 * @param {number} screenWidth @param {number} screenHeight in the device's pixels
 * @param {{ width: number, height: number }} most
 */
export function hasShapeOf(width, height, screenWidth, screenHeight, most) {
  if (!width || !height) return false;
  const scale = Math.min(1, most.width / screenWidth, most.height / screenHeight);
  const apart = (/** @type {number} */ one, /** @type {number} */ other) => Math.abs(one - other) / other;
  return (
    apart(width, scale * screenWidth) <= SHAPE_APART_MAX &&
    apart(height, scale * screenHeight) <= SHAPE_APART_MAX
  );
}

/** The size of its picture, once there is one; nothing after PICTURE_MS_MAX. @param {MediaStream} media */
async function sizeOf(media) {
  const video = document.createElement("video");
  video.muted = true;
  video.srcObject = media;
  await new Promise((resolve) => {
    video.addEventListener("resize", () => video.videoWidth && resolve(null));
    setTimeout(resolve, PICTURE_MS_MAX);
    void video.play().catch(() => resolve(null));
  });
  const size = { width: video.videoWidth, height: video.videoHeight };
  video.srcObject = null;
  return size;
}
