"""The page's own WHIP client against the real endpoint: codecs, trickle, tabs that would compete."""

import re

import pytest
from playwright.sync_api import Response

from tests.e2e.candidate_stage import candidate, service, takes_of
from tests.support.service import Service

__all__ = ["service"]

pytestmark = pytest.mark.live

NO_H264 = """
const real = RTCRtpSender.getCapabilities.bind(RTCRtpSender);
RTCRtpSender.getCapabilities = (kind) => {
  const found = real(kind);
  return { ...found, codecs: found.codecs.filter((codec) => codec.mimeType !== "video/H264") };
};
"""
# Publishes with an offer that has no candidate, so that the connection depends on those sent later.
TRICKLE = """async ([endpoint, token]) => {
  const { Endpoint } = await import("/static/candidate/publish/ingest.js");
  const { sdpFragment } = await import("/static/candidate/publish/sdp.js");
  const media = await navigator.mediaDevices.getUserMedia({ video: true });
  const peer = new RTCPeerConnection();
  peer.addTrack(media.getVideoTracks()[0], media);
  const found = [];
  const gathered = new Promise((resolve) => {
    peer.onicecandidate = ({ candidate }) => (candidate?.candidate ? found.push(candidate) : resolve());
  });
  await peer.setLocalDescription();
  const bare = peer.localDescription.sdp.replace(/a=(candidate|end-of-candidates).*\\r\\n/g, "");
  const ingest = await new Endpoint(endpoint, token).create(bare);
  await gathered;
  await peer.setRemoteDescription({ type: "answer", sdp: ingest.sdp });
  ingest.trickle(sdpFragment(peer, found));
  await new Promise((resolve) => {
    const look = () => peer.connectionState === "connected" && resolve();
    peer.onconnectionstatechange = look;
    look();
  });
  await ingest.end("stopped");
  peer.close();
}"""
LINKS = """async (header) => (await import("/static/candidate/publish/links.js")).iceServers(header)"""


def test_h264_is_sent_where_the_browser_has_it_and_vp8_where_not(service: Service) -> None:
    """H.264 plays everywhere; a browser without it is recorded all the same."""
    for missing, container in ((False, r'video/mp4; codecs="avc1\.42'), (True, r'video/webm; codecs="vp8')):
        with candidate(service, "--streams", "webcam") as someone:
            if missing:
                someone.page.add_init_script(NO_H264)
            someone.admit()
            someone.give_camera()
            someone.start()
            (take,) = takes_of(service, someone.invited["session_id"], "webcam")
            assert re.match(container, take["media_type"])
            assert "opus" in take["media_type"]


def test_candidates_found_late_are_trickled(service: Service) -> None:
    """A connection that only the PATCHed candidates make possible comes about (RFC 9725 section 4.3.2)."""
    with candidate(service, "--streams", "webcam") as someone:
        someone.admit()
        answers: list[int] = []

        def heard(answer: Response) -> None:
            if answer.request.method == "PATCH":
                answers.append(answer.status)

        someone.page.on("response", heard)
        someone.page.evaluate(TRICKLE, ["/whip", someone.invited["tokens"]["webcam"]])
        assert answers == [204]


@pytest.mark.parametrize(
    ("header", "servers"),
    [
        ("", []),
        ('<stun:stun.example:3478>; rel="ice-server"', [{"urls": "stun:stun.example:3478"}]),
        (
            '<turn:turn.example?transport=udp>; rel="ice-server"; username="a,b"; credential="c;d"; '
            'credential-type="password", <https://other.example/>; rel=help, <stun:s.example>;rel=ice-server',
            [
                {"urls": "turn:turn.example?transport=udp", "username": "a,b", "credential": "c;d"},
                {"urls": "stun:s.example"},
            ],
        ),
    ],
)
def test_ice_servers_are_read_from_links(
    service: Service, header: str, servers: list[dict[str, str]]
) -> None:
    """Quoted or not, several in one header, other relations passed over (RFC 9725 section 4.6)."""
    with candidate(service, "--streams", "webcam") as someone:
        assert someone.page.evaluate(LINKS, header) == servers
