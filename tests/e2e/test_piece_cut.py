"""The page cuts what its recorder writes: in a real browser, into files that the server's reader takes."""

from base64 import b64decode, b64encode
from importlib.resources import files

from playwright.sync_api import Route

from capture.media.webm_read import read
from tests.e2e.candidate_stage import chromium
from tests.unit.capture.recorded import from_the_middle, recorded_file, sound_alone

AT_MS, PIECE_MS, LENGTH_MS = 8_000, 4_000, 9_500
ORIGIN = "http://cutter.test"
CUT = """async ([file, chunk]) => {
  const { WebmCutter } = await import("/webm-cut.js");
  const bytes = Uint8Array.from(atob(file), (one) => one.charCodeAt(0));
  const cutter = new WebmCutter(4000);
  const cuts = [];
  for (let at = 0; at < bytes.length; at += chunk) cuts.push(...cutter.push(bytes.slice(at, at + chunk)));
  cuts.push(cutter.end());
  const asText = async ({ data, start, end }) => {
    const content = new Uint8Array(await data.arrayBuffer());
    return { start, end, data: btoa(String.fromCharCode(...content)) };
  };
  return Promise.all(cuts.map(asText));
}"""


def serve(route: Route) -> None:
    """The module, and an empty page beside it."""
    script = files("capture").joinpath("static/keep/webm-cut.js").read_text()
    module = route.request.url.endswith(".js")
    route.fulfill(body=script if module else "", content_type="text/javascript" if module else "text/html")


def test_a_file_without_end_becomes_pieces_that_play_alone() -> None:
    """However its bytes arrive: each piece begins with a keyframe, the next one where it ends, and together
    they hold every picture and every sound."""
    file = from_the_middle(AT_MS, LENGTH_MS)
    with chromium() as browser:
        page = browser.new_page()
        page.route("**/*", serve)
        page.goto(ORIGIN)
        whole, *others = (
            page.evaluate(CUT, [b64encode(file).decode(), size]) for size in (len(file), 1_000, 7, 1)
        )
    assert others == [whole] * len(others)
    bounds = [AT_MS, AT_MS + PIECE_MS, AT_MS + 2 * PIECE_MS]
    assert [cut["start"] for cut in whole] == bounds
    assert [cut["end"] for cut in whole][:2] == bounds[1:]
    pieces = [read(b64decode(cut["data"])) for cut in whole]
    once = read(recorded_file(LENGTH_MS))
    for kind in ("video", "audio"):
        assert [one.data for piece in pieces for one in getattr(piece, kind)] == [
            one.data for one in getattr(once, kind)
        ]
    assert [len(piece.video) for piece in pieces] == [40, 40, 15]


def test_sound_goes_on_in_pieces_where_no_picture_comes() -> None:
    """A camera that is gone after two seconds, or was never there: all sound is in one piece. Each
    follows the one before, and is read."""
    gone, never = recorded_file(75_000, pictures_ms=2_000), sound_alone(9_500)
    with chromium() as browser:
        page = browser.new_page()
        page.route("**/*", serve)
        page.goto(ORIGIN)
        cuts = [page.evaluate(CUT, [b64encode(file).decode(), 5_000]) for file in (gone, never)]
    for whole, file, count in zip(cuts, (gone, never), (5, 3), strict=True):
        pieces = [read(b64decode(cut["data"])) for cut in whole]
        assert [cut["end"] for cut in whole][:-1] == [cut["start"] for cut in whole][1:]
        sounds = [one.data for piece in pieces for one in piece.audio]
        assert len(sounds) == len(read(file).audio)
        assert len(pieces) == count
    assert [piece.config is None for piece in map(read, (b64decode(cut["data"]) for cut in cuts[0]))] == [
        False, True, True, True, True,
    ]  # fmt: skip
