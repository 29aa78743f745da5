"""GStreamer as a WHIP client: webrtcbin negotiates, does ICE and DTLS, and sends; only HTTP is done here.

A program of its own, for the Python that has GStreamer's bindings. Given url, token and a number, it
publishes so many pictures of H.264, with Opus, and says goodbye, or fails; given nothing, it fails where it
could not.
"""

import sys
import urllib.request
from typing import Any
from urllib.parse import urljoin

import gi

for library in ("Gst", "GstSdp", "GstWebRTC"):
    gi.require_version(library, "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402 - versions come first

ELEMENTS = ("webrtcbin", "nicesink", "dtlsenc", "srtpenc", "x264enc", "rtph264pay", "opusenc", "rtpopuspay")
RATE = 15  # pictures a second, and from one keyframe to the next
PIPELINE = f"""
  webrtcbin name=whip bundle-policy=max-bundle
  videotestsrc is-live=true num-buffers={{pictures}} ! video/x-raw,width=320,height=240,framerate={RATE}/1
    ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max={RATE}
    ! video/x-h264,profile=constrained-baseline ! rtph264pay aggregate-mode=zero-latency config-interval=-1
    ! application/x-rtp,media=video,encoding-name=H264,payload=96 ! whip.sink_0
  audiotestsrc is-live=true ! audio/x-raw,rate=48000,channels=2 ! opusenc ! rtpopuspay
    ! application/x-rtp,media=audio,encoding-name=OPUS,payload=97 ! whip.sink_1
"""


class Client:
    """One publication, from offer to goodbye."""

    def __init__(self, url: str, token: str, pictures: int) -> None:
        self._url, self._bearer = url, {"Authorization": f"Bearer {token}"}
        self._resource = ""
        self._failure: object = None
        self._loop = GLib.MainLoop()
        self._pipeline = Gst.parse_launch(PIPELINE.format(pictures=pictures))
        self._whip = self._pipeline.get_by_name("whip")

    def publish(self) -> None:
        """Until the last picture has gone in."""
        for section in range(2):
            transceiver = self._whip.emit("get-transceiver", section)
            transceiver.set_property("direction", GstWebRTC.WebRTCRTPTransceiverDirection.SENDONLY)
        self._whip.connect("on-negotiation-needed", self._negotiate)
        self._whip.connect("notify::ice-gathering-state", self._gathered)
        video = self._whip.get_static_pad("sink_0")
        video.add_probe(Gst.PadProbeType.EVENT_DOWNSTREAM, self._passed)
        bus = self._pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect("message::error", lambda _, message: self._end(message.parse_error()))
        self._pipeline.set_state(Gst.State.PLAYING)
        self._loop.run()
        self._request(self._resource, "DELETE")
        self._pipeline.set_state(Gst.State.NULL)
        if self._failure:
            raise SystemExit(str(self._failure))

    def _end(self, failure: object = None) -> None:
        self._failure = self._failure or failure
        self._loop.quit()

    def _passed(self, _: Any, info: Any) -> Any:
        if info.get_event().type is Gst.EventType.EOS:
            self._end()
        return Gst.PadProbeReturn.OK

    def _negotiate(self, _: Any) -> None:
        self._whip.emit("create-offer", None, Gst.Promise.new_with_change_func(self._offered))

    def _offered(self, promise: Any) -> None:
        reply = promise.get_reply()  # owns the offer
        self._whip.emit("set-local-description", reply.get_value("offer"), None)

    def _gathered(self, *_: Any) -> None:
        if self._whip.get_property("ice-gathering-state") is GstWebRTC.WebRTCICEGatheringState.COMPLETE:
            GLib.idle_add(self._post)

    def _post(self) -> None:
        offer = self._whip.get_property("local-description").sdp.as_text()
        with self._request(self._url, "POST", offer.encode()) as response:
            self._resource = urljoin(self._url, response.headers["Location"])
            _, sdp = GstSdp.SDPMessage.new_from_text(response.read().decode())
        answer = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, sdp)
        self._whip.emit("set-remote-description", answer, None)

    def _request(self, url: str, method: str, content: bytes | None = None) -> Any:
        headers = self._bearer | ({"Content-Type": "application/sdp"} if content else {})
        return urllib.request.urlopen(urllib.request.Request(url, content, headers, method=method))


if __name__ == "__main__":
    Gst.init(None)
    if not all(Gst.ElementFactory.find(element) for element in ELEMENTS):
        raise SystemExit("elements are missing")
    if len(sys.argv) > 1:
        Client(sys.argv[1], sys.argv[2], int(sys.argv[3])).publish()
