"""Reads offers and trickle fragments line by line, refuses early, and narrows an offer to one codec.

The offer passed to the WebRTC library has one video format, at most one audio format, and no candidate.
Candidates are checked one by one. Names under `.local` (mDNS) are left out, since the publisher's own checks
reach us.

A publisher that leaves the DTLS role to us is the client (RFC 9725 section 4.4.4). As the server we choose
how media is protected, by AES-GCM where both know it. We then have the keys before the first packet comes.
"""

import base64
import ipaddress
import re
from dataclasses import dataclass

from capture.errors import OfferGarbled, OfferRefused
from capture.media.frames import Codec

CANDIDATES_MAX = 32  # per offer or trickle fragment; what is beyond is left out
PARAMETER_SETS_MAX = 32
DTLS_EITHER, DTLS_CLIENT = "a=setup:actpass", "a=setup:active"
LIBRARY_PROFILE = "42e01f"  # the library compares H.264 profiles; passthrough does not care for them
SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
_WHAT_TO_OFFER = (
    "Offer one video section, sendonly, with H264 (packetization-mode=1) or VP8, and at most one audio "
    "section with opus/48000/2, bundled, with rtcp-mux."
)
_WRITE_SDP = "Send the offer as your WebRTC stack made it (RFC 8866)."
_CANDIDATE_TYPES = frozenset({"host", "srflx", "relay"})


@dataclass(frozen=True, slots=True)
class Candidate:
    """A remote UDP candidate with a literal address (RFC 8839 section 5.1)."""

    foundation: str
    priority: int
    address: str
    port: int
    type: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A sound offer. `narrowed` is the SDP for the library; `h264_profile` is what the answer has to echo.

    The payload types are those that the answer keeps; `again_payload` is for retransmissions of the video.
    `parameter_sets` are those of H.264 that the offer itself holds (RFC 6184 section 8.1).
    """

    narrowed: str
    video: Codec
    audio: bool
    video_payload: int
    again_payload: int | None
    audio_payload: int | None
    ufrag: str
    password: str
    video_ssrc: int | None
    h264_profile: str | None
    candidates: tuple[Candidate, ...]
    parameter_sets: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Fragment:
    """A trickle fragment (RFC 8840). `ufrag` and `password` are empty when it names none."""

    ufrag: str
    password: str
    candidates: tuple[Candidate, ...]


@dataclass(slots=True)
class _Section:
    kind: str
    lines: list[str]

    def values(self, attribute: str) -> list[str]:
        prefix = f"a={attribute}:"
        return [line[len(prefix) :] for line in self.lines if line.startswith(prefix)]

    def has(self, attribute: str) -> bool:
        return f"a={attribute}" in self.lines


def parse_offer(text: str) -> Offer:
    """Raises OfferGarbled when it is no SDP offer, OfferRefused when it offers what cannot be recorded."""
    head, sections = _sections(text)
    video, audio = _choose_sections(sections)
    for section in sections:
        _check_section(head, section)
    codec, video_formats, profile = _video_formats(video)
    audio_formats = [] if audio is None else _audio_formats(audio)
    parts = [*head]
    for section in sections:
        formats = video_formats if section is video else audio_formats
        parts += _narrow(section, formats, profile if section is video else None)
    parts = [DTLS_CLIENT if line == DTLS_EITHER else line for line in parts]
    ssrcs = [value.split(" ")[0] for value in video.values("ssrc")]
    return Offer(
        narrowed="\r\n".join(parts) + "\r\n",
        video=codec,
        audio=audio is not None,
        video_payload=int(video_formats[0]),
        again_payload=int(video_formats[1]) if len(video_formats) > 1 else None,
        audio_payload=int(audio_formats[0]) if audio_formats else None,
        ufrag=_one(head, video, "ice-ufrag"),
        password=_one(head, video, "ice-pwd"),
        video_ssrc=int(ssrcs[0]) if ssrcs and ssrcs[0].isdecimal() else None,
        h264_profile=profile,
        candidates=_candidates([value for section in sections for value in section.values("candidate")]),
        parameter_sets=_parameter_sets(_parameters(video, video_formats[0])),
    )


def parse_fragment(text: str) -> Fragment:
    """Raises OfferGarbled when nothing in it is a trickle fragment's line."""
    lines = text.splitlines()
    whole = _Section("", lines)
    ufrags, passwords = whole.values("ice-ufrag"), whole.values("ice-pwd")
    found = whole.values("candidate")
    if not (found or ufrags or whole.has("end-of-candidates")):
        raise OfferGarbled(
            "This trickle fragment holds neither candidates nor their end.",
            "Send a=candidate lines as RFC 8840 section 9 shows.",
        )
    return Fragment(ufrags[0] if ufrags else "", passwords[0] if passwords else "", _candidates(found))


def finish_answer(answer: str, offer: Offer) -> str:
    """The library's answer with the offered H.264 profile in place of the one it was shown."""
    if offer.h264_profile is None:
        return answer
    return re.sub(r"(?i)(profile-level-id=)[0-9a-f]{6}", rf"\g<1>{offer.h264_profile}", answer)


def _sections(text: str) -> tuple[list[str], list[_Section]]:
    lines = [line for line in text.splitlines() if line]
    if not lines or lines[0] != "v=0" or any(len(line) < 3 or line[1] != "=" for line in lines):
        raise OfferGarbled("This is not a session description.", _WRITE_SDP)
    head: list[str] = []
    sections: list[_Section] = []
    for line in lines:
        if line.startswith("m="):
            if not re.fullmatch(r"m=[a-z]+ \d{1,5} [A-Z/]+( [!-~]+)+", line):
                raise OfferGarbled("A media section of this session description is garbled.", _WRITE_SDP)
            sections.append(_Section(line[2:].split(" ")[0], [line]))
        elif sections:
            sections[-1].lines.append(line)
        else:
            head.append(line)
    return head, sections


def _choose_sections(sections: list[_Section]) -> tuple[_Section, _Section | None]:
    kinds = [section.kind for section in sections]
    if not sections:
        raise OfferRefused("This offer has no media section.", _WHAT_TO_OFFER)
    if set(kinds) - {"audio", "video"}:
        raise OfferRefused("This offer holds more than audio and video.", _WHAT_TO_OFFER)
    if kinds.count("video") != 1 or kinds.count("audio") > 1:
        raise OfferRefused(
            "This offer does not have exactly one video section and at most one audio.", _WHAT_TO_OFFER
        )
    return (
        next(section for section in sections if section.kind == "video"),
        next((section for section in sections if section.kind == "audio"), None),
    )


def _check_section(head: list[str], section: _Section) -> None:
    session = _Section("", head)
    if section.has("recvonly") or section.has("inactive"):
        raise OfferRefused("A section of this offer sends nothing.", _WHAT_TO_OFFER)
    if not re.fullmatch(r"[A-Za-z0-9+/]{4,256}", _one(head, section, "ice-ufrag")):
        raise OfferGarbled("The offer's ice-ufrag is missing or garbled.", _WRITE_SDP)
    if not re.fullmatch(r"[A-Za-z0-9+/]{22,256}", _one(head, section, "ice-pwd")):
        raise OfferGarbled("The offer's ice-pwd is missing or garbled.", _WRITE_SDP)
    prints = section.values("fingerprint") or session.values("fingerprint")
    if not any(re.fullmatch(r"(?i)sha-(256|384|512) [0-9a-f:]{64,}", value) for value in prints):
        raise OfferGarbled("The offer has no fingerprint of its certificate.", _WRITE_SDP)
    if _one(head, section, "setup") not in ("actpass", "active", "passive"):
        raise OfferGarbled("The offer's setup attribute is missing or garbled.", _WRITE_SDP)
    if not section.has("rtcp-mux"):
        raise OfferRefused("A section of this offer is without rtcp-mux.", _WHAT_TO_OFFER)


def _one(head: list[str], section: _Section, attribute: str) -> str:
    values = section.values(attribute) or _Section("", head).values(attribute)
    return values[0] if values else ""


def _formats(section: _Section) -> dict[str, str]:
    """Payload type → encoding, such as `vp8/90000`, in the order of the m= line."""
    names = dict(value.split(" ", 1) for value in section.values("rtpmap") if " " in value)
    return {f: names[f].lower() for f in section.lines[0].split(" ")[3:] if f in names and _is_payload(f)}


def _is_payload(text: str) -> bool:
    return text.isascii() and text.isdecimal() and int(text) < 128


def _parameters(section: _Section, payload: str) -> dict[str, str]:
    for value in section.values("fmtp"):
        name, _, rest = value.partition(" ")
        if name == payload:
            pairs = (item.strip().partition("=") for item in rest.split(";"))
            return {key.lower(): content for key, _, content in pairs}
    return {}


def _video_formats(section: _Section) -> tuple[Codec, list[str], str | None]:
    """The codec taken, its payload type and that of its retransmissions; for H.264 its profile."""
    formats = _formats(section)
    chosen = codec = profile = None
    for payload, name in formats.items():
        parameters = _parameters(section, payload)
        if name == "h264/90000" and parameters.get("packetization-mode") == "1":
            profile = parameters.get("profile-level-id", LIBRARY_PROFILE)
            if re.fullmatch(r"[0-9A-Fa-f]{6}", profile):
                chosen, codec = payload, Codec.H264
                break
        elif name == "vp8/90000" and chosen is None:
            chosen, codec = payload, Codec.VP8
    if chosen is None or codec is None:
        raise OfferRefused("This offer has no video format that can be recorded.", _WHAT_TO_OFFER)
    again = [
        p for p, n in formats.items() if n == "rtx/90000" and _parameters(section, p).get("apt") == chosen
    ]
    return codec, [chosen, *again[:1]], profile if codec is Codec.H264 else None


def _parameter_sets(parameters: dict[str, str]) -> tuple[bytes, ...]:
    """Those that can be read; without them the stream has to bring its own."""
    found = []
    for text in parameters.get("sprop-parameter-sets", "").split(",")[:PARAMETER_SETS_MAX]:
        try:
            found.append(base64.b64decode(text, validate=True))
        except ValueError:
            continue
    return tuple(nal for nal in found if nal)


def _audio_formats(section: _Section) -> list[str]:
    for payload, name in _formats(section).items():
        if name == "opus/48000/2":
            return [payload]
    raise OfferRefused("This offer's audio section has no opus/48000/2.", _WHAT_TO_OFFER)


def _narrow(section: _Section, formats: list[str], profile: str | None) -> list[str]:
    first = section.lines[0].split(" ")
    lines = [" ".join([*first[:3], *formats])]
    for line in section.lines[1:]:
        attribute, _, value = line.removeprefix("a=").partition(":")
        if attribute in ("candidate", "end-of-candidates", "rid", "simulcast", "ssrc-group", "msid"):
            continue
        if attribute == "extmap" and value.split(" ")[-1] == SEND_TIME:
            continue  # eight bytes in each packet that nobody reads
        if attribute in ("rtpmap", "fmtp", "rtcp-fb") and value.split(" ")[0] not in (*formats, "*"):
            continue
        if attribute == "fmtp" and profile and value.split(" ")[0] == formats[0]:
            line = (
                f"a=fmtp:{formats[0]} level-asymmetry-allowed=1;packetization-mode=1;"
                f"profile-level-id={LIBRARY_PROFILE}"
            )
        lines.append(line)
    return lines


def _candidates(values: list[str]) -> tuple[Candidate, ...]:
    """Those that can be used; others are left out in silence, as RFC 9725 section 4.3.2 wants."""
    usable: dict[tuple[str, int], Candidate] = {}
    for value in values[: 4 * CANDIDATES_MAX]:
        words = value.split()
        if len(words) < 8 or words[1] != "1" or words[2].lower() != "udp" or words[7] not in _CANDIDATE_TYPES:
            continue
        try:
            address = ipaddress.ip_address(words[4])
            priority, port = int(words[3]), int(words[5])
        except ValueError:
            continue
        if address.is_multicast or address.is_unspecified or not 0 < port < 65536:
            continue
        usable.setdefault((words[4], port), Candidate(words[0][:32], priority, str(address), port, words[7]))
    return tuple(usable.values())[:CANDIDATES_MAX]
