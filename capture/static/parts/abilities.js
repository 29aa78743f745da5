/**
 * Things that an exam needs of a browser and that this one does not have, known before anything is asked for.
 *
 *     camera   no camera, microphone or connection from a page: nothing can be recorded here
 *     codec    no picture of a kind that the server stores
 *     screen   no way to share the screen, as on phones and tablets
 *     buffer   while the network is away nothing is kept here: such a gap stays; the exam can be recorded
 *
 * @typedef {"camera" | "codec" | "screen" | "buffer"} Lack
 */

import { canRecord } from "../keep/piece-recorder.js";

const STORED = ["video/H264", "video/VP8"];

/** What this browser lacks for these streams. @param {string[]} streams @returns {Lack[]} */
export function lacksOf(streams) {
  const media = navigator.mediaDevices;
  if (!media?.getUserMedia || !("RTCPeerConnection" in window)) return ["camera"];
  /** @type {Lack[]} */
  const lacks = [];
  if (!sendsWhatIsStored()) lacks.push("codec");
  if (streams.includes("screen") && !("getDisplayMedia" in media)) lacks.push("screen");
  if (!canRecord()) lacks.push("buffer");
  return lacks;
}

/** Whether this browser can do what the exam records. @param {string[]} streams */
export function supported(streams) {
  return lacksOf(streams).every((lack) => lack === "buffer");
}

/** An unknown is not a fault: a browser that does not tell its codecs is asked by the offer. */
function sendsWhatIsStored() {
  const told = "getCapabilities" in RTCRtpSender ? RTCRtpSender.getCapabilities("video") : null;
  return !told || told.codecs.some((codec) => STORED.includes(codec.mimeType));
}
