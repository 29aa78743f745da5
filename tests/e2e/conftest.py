"""Time that a page is given for what is expected of it: a slow machine fails no test."""

from playwright.sync_api import expect

from tests.e2e.candidate_stage import WAIT_MS

expect.set_options(timeout=WAIT_MS)
