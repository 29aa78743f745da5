"""Debian's Chromium, as every browser test uses it; a test is skipped, or fails, where there is none."""

from tests.support.programs import program

ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--autoplay-policy=no-user-gesture-required",
)
ALLOW_DEVICES = "--use-fake-ui-for-media-stream"


def chromium_path() -> str:
    """Where Chromium is; see `program`."""
    return program("chromium", "browser", "Chromium is not installed; `apt-get install chromium` brings it.")
