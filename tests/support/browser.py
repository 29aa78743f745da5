"""Debian's Chromium, as every browser test uses it; a test is skipped, or fails, where there is none."""

import os
import shutil

import pytest

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
    """Where Chromium is. Skips the test where there is none; fails it when PROCTORING_TEST_REQUIRE names
    `browser`."""
    found = shutil.which("chromium")
    if found is not None:
        return found
    missing("browser", "Chromium is not installed; `apt-get install chromium` brings it.")
    raise AssertionError


def missing(part: str, why: str) -> None:
    """Skip for want of a part of the machine, or fail when PROCTORING_TEST_REQUIRE names the part."""
    if part in os.environ.get("PROCTORING_TEST_REQUIRE", "").split(","):
        pytest.fail(why)
    pytest.skip(why)
