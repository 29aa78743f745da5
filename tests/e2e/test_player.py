"""The player in Chromium on real segments: H.264 in MP4, VP8 in WebM, gaps, a take with another codec."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from proctoring.access.model import Role
from proctoring.access.service import actor
from proctoring.exams.model import Stream
from proctoring.recordings.model import EndCause
from proctoring.recordings.timeline import StreamTimeline, timeline
from proctoring.reviews import flags
from proctoring.reviews import service as reviews
from proctoring.reviews.model import Category, FlagState
from proctoring.sessions.model import Session
from storage.naming import unit_prefix
from tests.e2e.player_stage import H264, VP8_SILENT, Stage, chromium, served, shown_clocks
from tests.support.world import START, World

pytestmark = pytest.mark.browser

START_MS = int(START.timestamp() * 1000)
# The session's clock begins on a full second at least one second before its first frame.
LEAD_MS = 1000
NEAR_MS = 100


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    world = World(tmp_path_factory.mktemp("player"))
    made = Stage(world)
    made.hire("Proctor", Role.PROCTOR)
    with served(made):
        yield made
    world.core.db.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def session(stage: Stage) -> Session:
    recorded = stage.session()
    core, who = stage.world.core, actor(stage.people["Proctor"])
    with core.db.begin() as db:
        reviews.claim(db, core, who, recorded.id)
    return recorded


@pytest.fixture
def page(stage: Stage, browser: Browser, session: Session) -> Iterator[Page]:
    opened = stage.review(browser, "Proctor", session)
    yield opened
    opened.context.close()


def at(wall_ms: int) -> int:
    """Session time of a moment after the first frame."""
    return wall_ms + LEAD_MS


def seek(page: Page, ms: int) -> None:
    page.evaluate("(ms) => window.review.conductor.seek(ms)", ms)


def wait_for_pictures(page: Page, *streams: str) -> None:
    """Until these streams have a picture for the present position and none is still seeking."""
    page.wait_for_function(
        """(names) => names.every((name) => {
          const video = document.querySelector(`[data-stream=${name}] video`);
          const off = 1000 * video.currentTime - window.review.conductor.positionMs;
          return video.readyState >= 2 && !video.seeking && Math.abs(off) < 100;
        })""",
        arg=list(streams),
    )


def timeline_of(world: World, session: Session) -> tuple[StreamTimeline, ...]:
    with world.core.db.read() as db:
        return timeline(db, session.id).streams


def position(page: Page) -> float:
    return float(page.evaluate("window.review.conductor.positionMs"))


def test_it_plays_three_streams_at_one_moment(page: Page) -> None:
    """While playing, the clocks burnt into the three pictures differ by 100 ms at most."""
    page.keyboard.press("k")
    page.wait_for_function("(ms) => window.review.conductor.positionMs > ms", arg=at(3000))
    page.wait_for_function(
        "() => [...window.review.conductor.parts.values()].filter((part) => part === 'in-step').length === 2"
    )
    clocks = [clock for clock in shown_clocks(page).values() if clock is not None]
    assert len(clocks) == 3
    assert max(clocks) - min(clocks) <= NEAR_MS


def test_a_stream_out_of_step_is_brought_back(page: Page) -> None:
    """A little off is caught up by speed, far off by a jump; the leader goes on undisturbed."""
    seek(page, at(13_000))
    wait_for_pictures(page, "screen", "webcam", "phone")
    page.keyboard.press("k")
    page.wait_for_function("(ms) => window.review.conductor.positionMs > ms", arg=at(13_300))
    page.evaluate(
        """() => {
          document.querySelector("[data-stream=screen] video").currentTime += 0.3;
          document.querySelector("[data-stream=phone] video").currentTime -= 1.2;
        }"""
    )
    page.wait_for_function(
        """() => {
          const { players, positionMs } = window.review.conductor;
          const off = (name) => Math.abs(1000 * players.get(name).video.currentTime - positionMs);
          return off("screen") < 50 && off("phone") < 50;
        }"""
    )


def test_a_lost_connection_is_said_and_passes(page: Page) -> None:
    """While no segment can be had the views say so; when it can again, the pictures come by themselves."""
    page.route("**/media/**", lambda route: route.abort())
    page.reload()
    page.wait_for_selector("#player[data-ready]")
    expect(page.locator("[data-stream=screen] .nothing-what")).to_have_text("The connection is away.")
    expect(page.locator("[data-stream=screen] .nothing-why")).to_have_text("Trying again by itself.")
    page.unroute("**/media/**")
    wait_for_pictures(page, "screen", "webcam", "phone")
    expect(page.locator("[data-stream=screen]")).not_to_have_class("is-empty")


@pytest.mark.parametrize("wall", ["09:00:02", "09:00:14", "2026-11-16T08:00:21Z"])
def test_it_goes_to_a_wall_clock(page: Page, wall: str) -> None:
    """G and a time of day show exactly that moment in every stream."""
    page.keyboard.press("g")
    page.fill("#go-dialog [name=time]", wall)
    page.keyboard.press("Enter")
    wait_for_pictures(page, "screen", "webcam", "phone")
    wanted = START_MS + 1000 * int(wall.removesuffix("Z")[-2:])
    assert set(shown_clocks(page).values()) == {wanted}


def test_a_link_opens_at_its_moment(stage: Stage, browser: Browser, session: Session) -> None:
    """`?t=…&main=phone` shows that moment, the phone large."""
    page = stage.review(browser, "Proctor", session, "?t=2026-11-16T08:00:13.5Z&main=phone")
    wait_for_pictures(page, "screen", "webcam", "phone")
    assert set(shown_clocks(page).values()) == {START_MS + 13_500}
    expect(page.locator(".view.is-main")).to_have_attribute("data-stream", "phone")
    page.context.close()


def test_a_time_outside_the_session_is_refused_in_words(page: Page) -> None:
    page.keyboard.press("g")
    page.fill("#go-dialog [name=time]", "11:00")
    page.keyboard.press("Enter")
    expect(page.locator("#go-dialog [data-wrong]")).to_contain_text("08:59:59")
    expect(page.locator("#go-dialog")).to_be_visible()


def test_it_steps_over_a_gap_of_all_streams(page: Page) -> None:
    """Playback goes on after the gap, and the webcam with the other codec that it came back with."""
    seek(page, at(7000))
    wait_for_pictures(page, "webcam")
    page.evaluate(
        """() => {
          window.seen = [];
          const { conductor } = window.review;
          conductor.addEventListener("tick", () => window.seen.push(conductor.positionMs));
        }"""
    )
    page.keyboard.press("k")
    page.wait_for_function("(ms) => window.review.conductor.positionMs > ms", arg=at(13_000))
    assert not [ms for ms in page.evaluate("window.seen") if at(8000) + 50 < ms < at(12_000)]
    clock = shown_clocks(page)["webcam"]
    assert clock is not None
    assert clock >= START_MS + 12_500


def test_a_gap_of_one_stream_is_said_in_words(page: Page) -> None:
    """The others go on; the missing one says for how long and why."""
    seek(page, at(17_500))
    wait_for_pictures(page, "screen", "webcam")
    expect(page.locator("[data-stream=phone] .nothing-what")).to_have_text(
        "Nothing was recorded here for 4 s"
    )
    expect(page.locator("[data-stream=phone] .nothing-why")).to_have_text("device lost (device)")
    assert shown_clocks(page)["phone"] is None
    page.keyboard.press("k")
    page.wait_for_function("(ms) => window.review.conductor.positionMs > ms", arg=at(21_000))
    wait_for_pictures(page, "phone")


def test_gaps_are_drawn_with_their_reason(page: Page) -> None:
    """Each gap of each stream is hatched on its lane, the reason beside it."""
    for stream, gaps in {"screen": 1, "webcam": 1, "phone": 2}.items():
        expect(page.locator(f"[data-lane={stream}] rect[fill='url(#hatch)']")).to_have_count(gaps)
    expect(page.locator("[data-lane=screen]")).to_contain_text("gap 4 s: sharing ended")


def test_it_ends_at_the_end_and_begins_anew(page: Page) -> None:
    seek(page, at(23_000))
    wait_for_pictures(page, "webcam")
    page.keyboard.press("k")
    page.wait_for_function("() => !window.review.conductor.playing")
    assert position(page) == at(24_000)
    page.keyboard.press("k")
    page.wait_for_function(
        "(ms) => window.review.conductor.playing && window.review.conductor.positionMs < ms", arg=at(5000)
    )


def test_it_plays_sixteen_times_as_fast(page: Page) -> None:
    """At full speed it still comes to the end, over the gap, without a fault in any stream."""
    page.evaluate("window.review.conductor.setRate(16)")
    page.keyboard.press("k")
    page.wait_for_function("(ms) => window.review.conductor.positionMs >= ms", arg=at(24_000))
    faults = "[...window.review.conductor.players.values()].map((player) => player.fault)"
    assert page.evaluate(faults) == [None, None, None]


def test_keys_move(page: Page) -> None:
    """Each key moves by what the help says."""
    seek(page, at(2000))
    for key, ms in {
        "l": 10_000,
        "j": -10_000,
        "ArrowRight": 1000,
        "Shift+ArrowRight": 5000,
        "Shift+ArrowLeft": -5000,
        "ArrowLeft": -1000,
    }.items():
        before = position(page)
        page.keyboard.press(key)
        assert position(page) == before + ms, key
    before = position(page)
    page.keyboard.press(".")
    assert 0 < position(page) - before < NEAR_MS
    page.keyboard.press(",")
    assert position(page) == pytest.approx(before)
    page.keyboard.press("3")
    expect(page.locator(".view.is-main")).to_have_attribute("data-stream", "phone")
    page.keyboard.press(">")
    assert page.evaluate("window.review.conductor.rate") == 2


def test_keys_leave_typing_alone_and_can_be_switched_off(page: Page) -> None:
    page.check("[name=outcome][value=incident]")
    page.locator("#reasons").press_sequentially("kjl 1")
    expect(page.locator("#reasons")).to_have_value("kjl 1")
    page.locator("#reasons").blur()
    page.keyboard.press("m")
    page.locator("#flag-dialog textarea").press_sequentially("kjl 123")
    expect(page.locator("#flag-dialog textarea")).to_have_value("kjl 123")
    assert not page.evaluate("window.review.conductor.playing")
    page.keyboard.press("Escape")
    expect(page.locator("#flag-dialog")).to_be_hidden()
    page.keyboard.press("?")
    page.uncheck("#keys-dialog [name=keys]")
    page.keyboard.press("Escape")
    expect(page.locator("#keys-dialog")).to_be_hidden()
    before = position(page)
    page.keyboard.press("l")
    assert position(page) == before
    page.keyboard.press("?")
    page.check("#keys-dialog [name=keys]")


def test_a_stretch_is_flagged_and_looked_at(page: Page, stage: Stage, session: Session) -> None:
    """I, O and M put a flag on the stretch; C confirms the current one; page and time line follow."""
    seek(page, at(3000))
    page.keyboard.press("i")
    seek(page, at(5000))
    page.keyboard.press("o")
    page.keyboard.press("m")
    page.select_option("#flag-dialog [name=category]", Category.HELP_BY_OTHERS.value)
    page.fill("#flag-dialog textarea", "A second voice")
    page.click("#flag-dialog .btn-main")
    line = page.locator(".flag", has_text="A second voice")
    expect(line.locator(".who")).to_have_text("proctor, open")
    line.locator(".flag-line").click()
    page.keyboard.press("c")
    expect(line.locator(".who")).to_have_text("proctor, confirmed")
    page.wait_for_function("() => window.review.timeline.flags.some((flag) => flag.state === 'confirmed')")
    with stage.world.core.db.read() as db:
        (flag,) = [one for one in flags.of_session(db, session.id) if one.note == "A second voice"]
    assert (flag.start_ms, flag.end_ms, flag.state) == (at(3000), at(5000), FlagState.CONFIRMED)


def test_a_take_without_sound_goes_on_after_one_with_sound(stage: Stage, browser: Browser) -> None:
    """A buffer never changes its tracks, so the stream gets a new one; the pictures go on all the same."""
    recorded = stage.world.admitted()
    began_ms = stage.world.clock.unix_ms
    stage.take(recorded, Stream.WEBCAM, H264, 0, 4000, EndCause.REPLACED)
    stage.take(recorded, Stream.WEBCAM, VP8_SILENT, 4000, 8000)
    stage.finish(recorded)
    page = stage.review(browser, "Proctor", recorded)
    seek(page, at(2500))
    wait_for_pictures(page, "webcam")
    page.keyboard.press("k")
    page.wait_for_function("(ms) => window.review.conductor.positionMs > ms", arg=at(6000))
    clock = shown_clocks(page)["webcam"]
    assert clock is not None
    assert abs(clock - began_ms - position(page) + LEAD_MS) < 500
    page.context.close()


def test_a_live_session_goes_on(stage: Stage, browser: Browser) -> None:
    """It opens at the newest moment, waits there in words, and plays what arrives without being asked."""
    recorded = stage.world.admitted()
    stage.take(recorded, Stream.WEBCAM, H264, 0, 4000, cause=None)
    page = stage.review(browser, "Proctor", recorded)
    expect(page.locator("[data-do=live]")).to_be_visible()
    page.keyboard.press("End")
    expect(page.locator("[data-stream=webcam] .nothing-what")).to_have_text("Waiting for the next piece …")
    stage.take(recorded, Stream.WEBCAM, H264, 4000, 8000, cause=None)
    page.wait_for_function("(ms) => window.review.conductor.positionMs > ms", arg=at(5000))
    wait_for_pictures(page, "webcam")
    page.context.close()


def test_an_erased_recording_says_so(stage: Stage, browser: Browser) -> None:
    """After erasure the page opens, every view says what happened, and the certificate is one click away."""
    recorded = stage.world.ended()
    stage.world.clock.move(days=200)
    stage.world.eraser.run()
    stage.hire("Later", Role.PROCTOR)
    page = stage.review(browser, "Later", recorded)
    expect(page.locator("[data-stream=webcam] .nothing-what")).to_have_text("Erased")
    page.locator(".case-word a").first.click()
    expect(page.locator("h1")).to_have_text("Erasure certificate")
    page.context.close()


def test_a_piece_that_was_altered_is_not_shown(stage: Stage, browser: Browser, tmp_path: Path) -> None:
    """What does not open as it was sealed is refused with the reason, in the view."""
    world = World(tmp_path)
    other = Stage(world)
    other.hire("Proctor", Role.PROCTOR)
    with served(other):
        recorded = other.session()
        for unit in {stream.unit_id for stream in timeline_of(world, recorded)}:
            for stored in list(world.objects.versions(unit_prefix(unit))):
                data = world.objects.get(stored.key)
                world.objects.delete([stored])
                world.objects.put(stored.key, data[:-1] + bytes([data[-1] ^ 1]))
        page = other.review(browser, "Proctor", recorded)
        expect(page.locator("[data-stream=webcam] .nothing-what")).to_contain_text("altered")
        page.context.close()
    world.core.db.close()
