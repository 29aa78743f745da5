"""The look keeps its own rules: contrast, colours in one place, no inline style, words for the player."""

import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest

LOOK = Path(str(files("proctoring.web").joinpath("static")))
REVIEW = Path(str(files("review_ui").joinpath("static")))
TEMPLATES = [
    *Path(str(files("review_ui").joinpath("templates"))).glob("*.html"),
    *Path(str(files("proctoring.web").joinpath("templates"))).glob("*.html"),
]
TOP = LOOK.parent.parent.parent

TEXT, GRAPHIC = 4.5, 3.0
GROUNDS = ("ground", "surface", "sunken", "raised")
PAIRS = [
    *[(text, ground, TEXT) for text in ("ink", "ink-2", "ink-3", "accent") for ground in GROUNDS],
    *[(text, ground, TEXT) for text in ("attention", "decided", "settled") for ground in GROUNDS],
    *[(ink, f"{kind}-soft", TEXT) for ink in ("ink", "ink-2") for kind in ("accent", "attention", "decided")],
    *[(kind, f"{kind}-soft", TEXT) for kind in ("accent", "attention", "decided", "settled")],
    ("ink", "settled-soft", TEXT),
    ("on-accent", "accent", TEXT),
    ("on-accent", "accent-strong", TEXT),
    *[(ink, well, TEXT) for ink in ("well-ink", "well-ink-2") for well in ("well", "well-2")],
    ("well-accent", "well", TEXT),
    ("well-flag", "well-2", TEXT),
    *[
        (edge, ground, GRAPHIC)
        for edge in ("line-strong", "focus", "gap", "lane-on", "rec")
        for ground in GROUNDS[:3]
    ],
    ("well-line-strong", "well-2", GRAPHIC),
    ("well-focus", "well-2", GRAPHIC),
]


def tokens() -> dict[str, dict[str, str]]:
    """Token values in light and dark; dark inherits what it does not set."""
    light, dark = (LOOK / "tokens.css").read_text().split("@media (prefers-color-scheme: dark)")
    found = [dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6})", part)) for part in (light, dark)]
    return {"light": found[0], "dark": found[0] | found[1]}


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    r, g, b = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_pair_of_colours_has_enough_contrast(theme: str) -> None:
    values = tokens()[theme]
    for front, back, needed in PAIRS:
        bright, dim = sorted((luminance(values[front]), luminance(values[back])), reverse=True)
        assert (bright + 0.05) / (dim + 0.05) >= needed, (front, back)


def test_colours_are_written_in_tokens_only() -> None:
    for sheet in [*LOOK.glob("*.css"), *REVIEW.glob("*.css")]:
        if sheet.name != "tokens.css":
            assert not re.search(r"#[0-9a-fA-F]{3,8}\b|rgba?\(|hsl", sheet.read_text()), sheet.name


def test_no_page_has_inline_style_or_script() -> None:
    """The policy would block them, and the page would be broken without anyone being told."""
    for template in TEMPLATES:
        text = template.read_text()
        assert not re.search(r"\sstyle=|<style|\son\w+=", text), template.name
        assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text)), template.name


def test_every_icon_and_mark_is_in_the_sprite() -> None:
    sprite = next(t for t in TEMPLATES if t.name == "sprite.html").read_text()
    symbols = set(re.findall(r'<symbol id="([\w-]+)"', sprite))
    for template in TEMPLATES:
        for name in re.findall(r'ui\.icon\("(\w+)"', template.read_text()):
            assert f"i-{name}" in symbols, (template.name, name)


def test_the_page_carries_every_word_that_the_player_says() -> None:
    words = next(t for t in TEMPLATES if t.name == "case_words.html").read_text()
    keys = set(re.findall(r'"([\w-]+)": ', words))
    for module in (REVIEW / "player").glob("*.js"):
        for key in re.findall(r'say\(\s*"([\w-]+)"', module.read_text()):
            assert key in keys, (module.name, key)


def test_the_browser_modules_pass_the_type_checker() -> None:
    """`tsc --checkJs` over the JSDoc types; needs `npm ci` once."""
    tsc = TOP / "node_modules" / ".bin" / "tsc"
    if not tsc.exists() or shutil.which("node") is None:
        pytest.skip("the type checker is not installed: npm ci")
    done = subprocess.run([tsc, "--noEmit"], cwd=TOP, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
