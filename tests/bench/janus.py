"""Debian's Janus as the bench runs it: one videoroom that records what its publishers send (.mjr)."""

import json
import platform
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path

from tests.bench.load.signalling import JANUS_ROOM

PUBLISHERS_MAX = 1000
RTP_PORTS = "20000-40000"
MJR_MAGIC = b"MJR00002"
MEETECHO_FRAME = b"MEET"
LIBRARIES = Path("/usr/lib") / f"{platform.machine()}-linux-gnu" / "janus"
PLUGIN, TRANSPORT = "libjanus_videoroom.so", "libjanus_http.so"


def why_not() -> str:
    """Why Janus cannot be run here, or nothing."""
    if shutil.which("janus") is None:
        return "Janus is not installed, and `apt-get install janus` did not bring it"
    if not (LIBRARIES / "plugins" / PLUGIN).exists():
        return f"Janus has no plugins in {LIBRARIES}"
    return ""


def configure(folder: Path, http_port: int, address: str) -> list[str]:
    """Writes Janus's configuration for media on this address; the command that runs it. Recordings: `rec`."""
    (folder / "rec").mkdir()
    (folder / "janus.jcfg").write_text(
        f"""general: {{
  configs_folder = "{folder}"
  plugins_folder = "{LIBRARIES}/plugins"
  transports_folder = "{LIBRARIES}/transports"
  events_folder = "{LIBRARIES}/events"
  loggers_folder = "{LIBRARIES}/loggers"
  debug_level = 3
  interface = "{address}"
  session_timeout = 0
}}
media: {{ rtp_port_range = "{RTP_PORTS}" }}
nat: {{ ice_enforce_list = "{address}" }}
plugins: {{ disable = "{_others("plugins", PLUGIN)}" }}
transports: {{ disable = "{_others("transports", TRANSPORT)}" }}
events: {{ broadcast = false }}
"""
    )
    (folder / "janus.plugin.videoroom.jcfg").write_text(
        f"""general: {{ }}
room-{JANUS_ROOM}: {{
  description = "bench"
  secret = "bench"
  publishers = {PUBLISHERS_MAX}
  bitrate = 1500000
  fir_freq = 0
  audiocodec = "opus"
  videocodec = "vp8"
  record = true
  rec_dir = "{folder}/rec"
}}
"""
    )
    (folder / "janus.transport.http.jcfg").write_text(
        f"""general: {{
  json = "compact"
  base_path = "/janus"
  http = true
  port = {http_port}
  ip = "127.0.0.1"
  https = false
}}
admin: {{ admin_http = false }}
"""
    )
    return ["janus", "--configs-folder", str(folder), "--config", str(folder / "janus.jcfg")]


def frames_kept(folder: Path) -> list[int]:
    """For each publisher's video, the pictures of which the recording has every packet."""
    return [_whole_frames(file) for file in sorted((folder / "rec").glob("*-video-*.mjr"))]


def _whole_frames(file: Path) -> int:
    """Pictures whose packets follow one another without a hole, from the one behind a marker to a marker."""
    last: int | None = None
    whole, frames = True, 0
    for sequence, marker in sorted(_unwrapped(file)):
        if last is not None and sequence != last + 1:
            whole = False
        last = sequence
        if marker:
            frames += whole
            whole = True
    return frames


def _unwrapped(file: Path) -> Iterator[tuple[int, bool]]:
    """(sequence number without wrap-around, marker) of each packet."""
    previous: int | None = None
    for packet in _packets(file.read_bytes()):
        sequence: int = struct.unpack_from(">H", packet, 2)[0]
        if previous is not None:
            sequence = previous + ((sequence - previous + 0x8000) & 0xFFFF) - 0x8000
        previous = sequence
        yield sequence, bool(packet[1] & 0x80)


def _packets(data: bytes) -> Iterator[memoryview]:
    """RTP packets of an .mjr: after its header, each behind MEET, four bytes of time and two of length."""
    assert data.startswith(MJR_MAGIC), "not a recording that this bench can read"
    (size,) = struct.unpack_from(">H", data, len(MJR_MAGIC))
    begin = len(MJR_MAGIC) + 2
    assert json.loads(data[begin : begin + size])["t"] == "v"
    position, view = begin + size, memoryview(data)
    while position + 10 <= len(data):
        assert data[position : position + 4] == MEETECHO_FRAME
        (size,) = struct.unpack_from(">H", data, position + 8)
        yield view[position + 10 : position + 10 + size]
        position += 10 + size


def _others(kind: str, wanted: str) -> str:
    return ",".join(sorted(file.name for file in (LIBRARIES / kind).glob("*.so") if file.name != wanted))
