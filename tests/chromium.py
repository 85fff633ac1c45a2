"""A Chromium without a window."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.waiting import CEILING

_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser")


@contextmanager
def chromium() -> Iterator:
    """Playwright's browser; the test is skipped where there is none, but not in CI."""
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail("chromium was expected on PATH, the browser tests must run in CI")
        pytest.skip("chromium is not installed, so nothing can be seen in a browser")
    from playwright.sync_api import expect, sync_playwright

    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
    expect.set_options(timeout=1000 * CEILING)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=flags)
        yield running
        running.close()
