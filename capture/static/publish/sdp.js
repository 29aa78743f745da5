/** What the publisher needs of SDP: codec order, an offer with its candidates, a trickle fragment. */

/**
 * H.264 first (plays everywhere, one packetization), then VP8; nothing else is recorded.
 * @param {RTCRtpTransceiver} transceiver
 */
export function prefer(transceiver) {
  const codecs = RTCRtpSender.getCapabilities("video")?.codecs ?? [];
  const h264 = codecs.filter(
    (codec) => codec.mimeType === "video/H264" && codec.sdpFmtpLine?.includes("packetization-mode=1"),
  );
  // Constrained baseline first: every browser decodes it, and it has no reordered frames.
  h264.sort((a, b) => Number(baseline(b)) - Number(baseline(a)));
  const rest = ["video/VP8", "video/rtx"].flatMap((type) =>
    codecs.filter((codec) => codec.mimeType === type),
  );
  const order = [...h264, ...rest];
  if (order.length && "setCodecPreferences" in transceiver) transceiver.setCodecPreferences(order);
}

/** @param {RTCRtpCodec} codec */
function baseline(codec) {
  return codec.sdpFmtpLine?.includes("profile-level-id=42e0") ?? false;
}

/**
 * The local offer, with the candidates found within `gatherMs` milliseconds.
 * @param {RTCPeerConnection} peer
 * @param {number} gatherMs
 * @returns {Promise<string>}
 */
export async function offerOf(peer, gatherMs) {
  const gathered = new Promise((resolve) => {
    peer.addEventListener("icegatheringstatechange", () => {
      if (peer.iceGatheringState === "complete") resolve(undefined);
    });
    setTimeout(resolve, gatherMs);
  });
  await peer.setLocalDescription();
  await gathered;
  return /** @type {RTCSessionDescription} */ (peer.localDescription).sdp;
}

/**
 * Candidates as an SDP fragment (RFC 8840 section 9).
 * @param {RTCPeerConnection} peer
 * @param {RTCIceCandidate[]} candidates
 */
export function sdpFragment(peer, candidates) {
  const sdp = /** @type {RTCSessionDescription} */ (peer.localDescription).sdp;
  const line = (/** @type {string} */ name) => sdp.match(new RegExp(`^a=${name}:.*$`, "m"))?.[0].trim() ?? "";
  const media = sdp.match(/^m=.*$/m)?.[0].trim() ?? "";
  const found = candidates.map((candidate) => `a=${candidate.candidate}`);
  return [line("ice-ufrag"), line("ice-pwd"), media, line("mid"), ...found, ""].join("\r\n");
}
