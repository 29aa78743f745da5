"""The house's own rules: sizes of rooms, and an image that holds them all."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
LINES_MAX = 500
SOURCES = ("*.py", "*.js", "*.css", "*.html")
ROOMS = ("proctoring", "capture", "storage", "review_ui", "retention", "tests")


def files() -> list[Path]:
    return [file for room in ROOMS for kind in SOURCES for file in (ROOT / room).rglob(kind)]


def test_no_file_is_longer_than_a_room_may_be() -> None:
    """No source file reaches 500 lines."""
    assert files()
    long = {
        str(file.relative_to(ROOT)) for file in files() if len(file.read_text().splitlines()) >= LINES_MAX
    }
    assert long == set()


def test_the_image_holds_every_package() -> None:
    """The Dockerfile copies each package that the project file installs."""
    dockerfile = (ROOT / "Dockerfile").read_text()
    for room in ROOMS[:-1]:
        assert f"COPY {room} {room}" in dockerfile
