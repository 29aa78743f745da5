"""FFmpeg as a WHIP client: its own muxer negotiates, does ICE and DTLS, and sends."""

from pathlib import Path

import av
from aiortc.rtcdtlstransport import generate_certificate
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

RATE = 15  # pictures a second, and from one keyframe to the next
HANDSHAKE_MS_MAX = "30000"
CAMERA = f"testsrc2=size=320x240:rate={RATE}:duration={{0}},realtime[out0]"
MICROPHONE = (
    "sine=sample_rate=48000:samples_per_frame=960:duration={0},aformat=channel_layouts=stereo,arealtime[out1]"
)
H264 = {"profile": "baseline", "preset": "ultrafast", "tune": "zerolatency", "g": str(RATE)}


def publish(url: str, token: str, pictures: int, folder: Path) -> None:
    """Publishes so many pictures of H.264, with Opus, and says goodbye; its certificate is in the folder."""
    options = {"authorization": token, "handshake_timeout": HANDSHAKE_MS_MAX} | _certificate(folder)
    with (
        av.open(f"{CAMERA};{MICROPHONE}".format(pictures / RATE), format="lavfi") as source,
        av.open(url, "w", format="whip", options=options) as whip,
    ):
        video = whip.add_stream("libx264", rate=RATE, options=H264)
        video.width, video.height, video.pix_fmt = 320, 240, "yuv420p"
        audio = whip.add_stream("libopus", rate=48_000, layout="stereo")
        for frame in source.decode():
            stream = video if isinstance(frame, av.VideoFrame) else audio
            whip.mux(stream.encode(frame))


def _certificate(folder: Path) -> dict[str, str]:
    """One of P-256, as RFC 8827 wants; of its own making it is of P-224 in FFmpeg 8.1 over GnuTLS."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = generate_certificate(key)
    files = {
        "key_file": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        "cert_file": certificate.public_bytes(Encoding.PEM),
    }
    for option, content in files.items():
        (folder / option).write_bytes(content)
    return {option: str(folder / option) for option in files}
