"""The sending half of a WebRTC connection: one transport, the picture in one codec, keyframes on demand."""

from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCRtpSender

from capture.publish.ice import own_addresses
from capture.receive import aiortc_hooks as hooks
from capture.simulate.encoding import Codec
from capture.simulate.tracks import AudioTrack, VideoTrack


def sending(video: VideoTrack, audio: AudioTrack | None, codec: Codec, loopback: bool) -> RTCPeerConnection:
    """A connection that will send these tracks, the picture in that codec only.

    With `loopback` the machine's own 127.0.0.1 is offered too: a server here may have no other route.
    """
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
    transceiver = pc.addTransceiver(video, direction="sendonly")
    codecs = RTCRtpSender.getCapabilities("video").codecs
    transceiver.setCodecPreferences(
        [one for one in codecs if one.mimeType in (f"video/{codec}", "video/rtx")]
    )
    hooks.on_keyframe_request(transceiver.sender, video.want_keyframe)
    hooks.on_report(transceiver.sender, lambda: video.late_s)
    if audio is not None:
        hooks.on_report(pc.addTransceiver(audio, direction="sendonly").sender, lambda: audio.late_s)
    if loopback:
        hooks.listen_on(hooks.agent_of(transceiver.receiver), own_addresses())
    return pc


async def fall_silent(pc: RTCPeerConnection) -> None:
    """Closes the connection's sockets without a goodbye, as a lost network does, and then the connection."""
    for transceiver in pc.getTransceivers():
        await transceiver.sender.transport.transport.stop()
    await pc.close()
