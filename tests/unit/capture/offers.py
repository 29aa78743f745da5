"""Offers as publishers make them, for the tests of the endpoint."""

FINGERPRINT = "sha-256 " + ":".join(["AB"] * 32)
TRANSPORT = [
    "c=IN IP4 0.0.0.0",
    "a=ice-ufrag:abcd",
    "a=ice-pwd:abcdefghijklmnopqrstuv",
    f"a=fingerprint:{FINGERPRINT}",
    "a=setup:actpass",
    "a=rtcp-mux",
]
VIDEO_VP8 = ["a=rtpmap:96 VP8/90000", "a=rtcp-fb:96 nack pli", "a=rtpmap:97 rtx/90000", "a=fmtp:97 apt=96"]
VIDEO_H264 = [
    "a=rtpmap:102 H264/90000",
    "a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=64001f",
]
AUDIO = ["a=rtpmap:111 opus/48000/2", "a=fmtp:111 minptime=10;useinbandfec=1"]


def section(
    kind: str, formats: str, attributes: list[str], mid: str, direction: str = "sendonly"
) -> list[str]:
    head = [f"m={kind} 9 UDP/TLS/RTP/SAVPF {formats}", *TRANSPORT, f"a=mid:{mid}", f"a={direction}"]
    return [*head, *attributes]


def offer(*sections: list[str]) -> str:
    mids = " ".join(
        line.removeprefix("a=mid:") for part in sections for line in part if line.startswith("a=mid:")
    )
    head = [
        "v=0",
        "o=- 1 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        f"a=group:BUNDLE {mids}",
        "a=msid-semantic: WMS *",
    ]
    return "\r\n".join([*head, *(line for part in sections for line in part)]) + "\r\n"


def video(direction: str = "sendonly", extra: tuple[str, ...] = ()) -> list[str]:
    return section("video", "102 96 97", [*VIDEO_H264, *VIDEO_VP8, *extra], "0", direction)


def vp8_only() -> list[str]:
    return section("video", "96 97", VIDEO_VP8, "0")


def audio() -> list[str]:
    return section("audio", "111", AUDIO, "1")


def data_channel() -> list[str]:
    return ["m=application 9 UDP/DTLS/SCTP webrtc-datachannel", *TRANSPORT, "a=mid:2", "a=sctp-port:5000"]
