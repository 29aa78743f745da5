"""What is expected of a page may take its time: a slow machine fails no test."""

from playwright.sync_api import expect

from tests.e2e.candidate_stage import WAIT_MS

expect.set_options(timeout=WAIT_MS)
