"""A real Chromium publishes; what is stored must decode, abut, tell the time and play in a real player."""

import asyncio
import statistics
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page

from capture.recorder import MediaSegment, MemoryTake
from capture.simulate.sound import BEEP_HZ, BEEP_S
from proctoring.exams.model import Stream
from proctoring.recordings.model import EndCause
from tests.media.decoded import Decoded, check_take
from tests.media.site import GOODBYE, PUBLISH, TIMEOUT_S, Site, chromium_page, running_site
from tests.support.beep import beep_offset_ms

pytestmark = pytest.mark.live

SEGMENTS = 3
CLOCK_MS_MAX = 200
CLOCK_BITS = 41
BEEP_EVERY_MS = 2_000
SOUND_MS_MAX = 40
STREAMS_MS_MAX = 100

PLAY = """async ({type, segments, boundary}) => {
  const video = document.querySelector('video');
  const source = new MediaSource();
  video.src = URL.createObjectURL(source);
  const once = (target, name) => new Promise(done => target.addEventListener(name, done, {once: true}));
  await once(source, 'sourceopen');
  const buffer = source.addSourceBuffer(type);
  const errors = [];
  buffer.addEventListener('error', () => errors.push('source buffer'));
  video.addEventListener('error', () => errors.push(video.error.message));
  for (const {name, start} of segments) {
    const data = await (await fetch('/file/' + name)).arrayBuffer();
    buffer.timestampOffset = start;
    const ended = once(buffer, 'updateend');
    buffer.appendBuffer(data);
    await ended;
  }
  const {buffered} = video;
  const ranges = [...Array(buffered.length).keys()].map(i => [buffered.start(i), buffered.end(i)]);
  video.currentTime = boundary - 0.4;
  await once(video, 'seeked');
  await video.play();
  await new Promise(done => {
    video.addEventListener('timeupdate', () => { if (video.currentTime > boundary + 0.4) done(); });
  });
  return {ranges, errors, width: video.videoWidth, frames: video.getVideoPlaybackQuality().totalVideoFrames};
}"""


async def publish_all(site: Site, page: Page, codec: str) -> None:
    """Webcam and screen as they are, the phone as a canvas with the wall clock; until enough is stored."""
    for token, source in (("webcam", "webcam"), ("screen", "screen"), ("phone", "clock")):
        await page.evaluate(PUBLISH, {"source": source, "codec": codec, "token": token, "rate": 12})
    await site.until(
        lambda: all(any(len(take.segments) >= SEGMENTS for take in site.takes(stream)) for stream in Stream)
    )
    for token, cause in (("webcam", "stopped"), ("screen", "sharing-ended"), ("phone", "device-lost")):
        assert await page.evaluate(GOODBYE, {"token": token, "cause": cause}) == 200


def clock_offsets_ms(segment: MediaSegment, decoded: Decoded) -> list[float]:
    """For each picture: when the time line shows it, minus what its burnt-in clock says."""
    offsets = []
    for picture, seconds in zip(decoded.pictures, decoded.pts, strict=True):
        luma = picture.to_ndarray(format="gray")
        height, width = luma.shape
        columns = [int((bit + 0.5) * width / CLOCK_BITS) for bit in range(CLOCK_BITS)]
        shown = sum(int(luma[height // 2, column] > 128) << bit for bit, column in enumerate(columns))
        offsets.append(segment.start_unix_ms + seconds * 1000 - shown)
    return offsets


async def play(site: Site, page: Page, take: MemoryTake) -> dict[str, Any]:
    first = take.segments[0].start_unix_ms
    segments = []
    for segment in take.segments:
        name = f"{take.grant.stream}-{segment.seq}"
        site.files[name] = segment.data
        segments.append({"name": name, "start": (segment.start_unix_ms - first) / 1000})
    plan = {"type": take.media_type, "segments": segments, "boundary": segments[1]["start"]}
    return await asyncio.wait_for(page.evaluate(PLAY, plan), TIMEOUT_S)


@pytest.mark.parametrize(("codec", "container"), [("H264", "video/mp4"), ("VP8", "video/webm")])
def test_three_streams_of_a_chromium(tmp_path: Path, codec: str, container: str) -> None:
    """Every stored segment decodes without error, begins with a keyframe, abuts, plays across its end in MSE,
    and shows at wall clock T the picture whose burnt-in clock says T."""

    async def scenario() -> None:
        async with running_site() as site, chromium_page(site, tmp_path) as page:
            await publish_all(site, page, codec)
            causes = {}
            for stream in Stream:
                (take,) = site.takes(stream)
                causes[stream] = take.cause
                assert take.media_type.startswith(container)
                assert ("opus" in take.media_type) == (stream is Stream.WEBCAM)
                decoded = check_take(take)
                assert all(3_000 < segment.duration_ms < 5_500 for segment in take.segments[1:-1])
                if stream is Stream.WEBCAM:
                    played_s = sum(segment.duration_ms for segment in take.segments) / 1000
                    assert sum(content.sound_s for content in decoded) == pytest.approx(played_s, abs=0.3)
                if stream is Stream.PHONE:
                    offsets = [
                        offset
                        for segment, content in zip(take.segments, decoded, strict=True)
                        for offset in clock_offsets_ms(segment, content)
                    ]
                    assert abs(statistics.median(offsets)) < CLOCK_MS_MAX / 4
                    assert max(map(abs, offsets)) < CLOCK_MS_MAX
                seen = await play(site, page, take)
                assert seen["errors"] == []
                assert len(seen["ranges"]) == 1, seen["ranges"]
                assert take.end_unix_ms is not None
                whole_s = (take.end_unix_ms - take.segments[0].start_unix_ms) / 1000
                assert seen["ranges"][0][1] == pytest.approx(whole_s, abs=0.1)
                assert seen["frames"] > 0
            assert causes == {
                Stream.WEBCAM: EndCause.STOPPED,
                Stream.SCREEN: EndCause.SHARING_ENDED,
                Stream.PHONE: EndCause.DEVICE_LOST,
            }

    asyncio.run(scenario())


def test_media_of_a_chromium_is_protected_by_aes_gcm(tmp_path: Path) -> None:
    """Left the choice, a browser takes AES with HMAC-SHA1: a shorter tag at twice the cost."""
    ask = "async () => [...(await pcs.webcam.pc.getStats()).values()].find(one => one.type === 'transport')"

    async def scenario() -> None:
        async with running_site() as site, chromium_page(site, tmp_path) as page:
            await page.evaluate(PUBLISH, {"source": "webcam", "codec": "VP8", "token": "webcam"})
            await site.until(lambda: any(take.segments for take in site.takes(Stream.WEBCAM)))
            assert (await page.evaluate(ask))["srtpCipher"] == "SRTP_AEAD_AES_256_GCM"

    asyncio.run(scenario())


def test_a_still_screen_loses_nothing(tmp_path: Path) -> None:
    """One picture in a second makes segments as sound and as punctual as fifteen do."""

    async def scenario() -> None:
        async with running_site() as site, chromium_page(site, tmp_path) as page:
            await page.evaluate(PUBLISH, {"source": "clock", "codec": "VP8", "token": "screen", "rate": 1})
            await site.until(
                lambda: any(len(take.segments) >= SEGMENTS for take in site.takes(Stream.SCREEN))
            )
            await page.evaluate(GOODBYE, {"token": "screen", "cause": "stopped"})
            (take,) = site.takes(Stream.SCREEN)
            for segment, content in zip(take.segments, check_take(take), strict=True):
                assert max(map(abs, clock_offsets_ms(segment, content))) < CLOCK_MS_MAX

    asyncio.run(scenario())


@pytest.mark.parametrize("codec", ["H264", "VP8"])
def test_sound_and_pictures_of_a_chromium_are_at_one_time(tmp_path: Path, codec: str) -> None:
    """What is heard is within 40 ms of what is seen, and the screen within 100 ms of the webcam: by clocks
    burnt into the pictures of both, and a beep at every full two seconds."""
    beep = {"hz": BEEP_HZ, "every": BEEP_EVERY_MS, "ms": BEEP_S * 1000}

    async def scenario() -> None:
        async with running_site() as site, chromium_page(site, tmp_path) as page:
            for token, source in (("webcam", "clock+beep"), ("screen", "clock")):
                how = {"source": source, "codec": codec, "token": token, "rate": 15, "beep": beep}
                await page.evaluate(PUBLISH, how)
            await site.until(
                lambda: all(
                    any(len(take.segments) >= SEGMENTS for take in site.takes(stream))
                    for stream in (Stream.WEBCAM, Stream.SCREEN)
                )
            )
            for token in ("webcam", "screen"):
                await page.evaluate(GOODBYE, {"token": token, "cause": "stopped"})
            (webcam,), (screen,) = site.takes(Stream.WEBCAM), site.takes(Stream.SCREEN)
            heard = beep_offset_ms(webcam, BEEP_EVERY_MS)
            seen, shown = (
                statistics.median(
                    offset
                    for segment in take.segments
                    for offset in clock_offsets_ms(segment, Decoded(segment))
                )
                for take in (webcam, screen)
            )
            print(f"{codec}: heard {heard:.1f} ms late, webcam {seen:.1f}, screen {shown:.1f}")
            assert abs(heard - seen) <= SOUND_MS_MAX
            assert abs(seen - shown) <= STREAMS_MS_MAX

    asyncio.run(scenario())


def test_a_new_publish_takes_the_place_of_the_old(tmp_path: Path) -> None:
    """A reconnect is a new take, and the old one has ended before it begins."""

    async def scenario() -> None:
        async with running_site() as site, chromium_page(site, tmp_path) as page:
            how = {"source": "clock", "codec": "VP8", "token": "phone", "rate": 10}
            await page.evaluate(PUBLISH, how)
            await site.until(lambda: len(site.takes(Stream.PHONE)) == 1)
            await page.evaluate(PUBLISH, how)
            await site.until(lambda: len(site.takes(Stream.PHONE)) == 2)
            await site.until(lambda: site.takes(Stream.PHONE)[1].segments)
            await site.ingests.close()
            old, new = site.takes(Stream.PHONE)
            assert old.cause is EndCause.REPLACED
            assert new.cause is EndCause.SERVER_STOPPED
            assert old.end_unix_ms is not None
            assert old.end_unix_ms <= new.segments[0].start_unix_ms
            check_take(old)
            check_take(new)

    asyncio.run(scenario())
