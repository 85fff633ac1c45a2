"""A page started by `app.py` itself, and a browser to look at it."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_SECONDS_TO_START = 90


@pytest.fixture(scope="session")
def browser():
    if CHROMIUM is None:
        if os.environ.get("CI") == "true":
            pytest.fail("chromium was expected on PATH, the browser tests must run in CI")
        pytest.skip("chromium is not installed, so nothing can be seen in a browser")
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield running
        running.close()


@pytest.fixture(scope="session")
def page_url(browser, tmp_path_factory) -> Iterator[str]:
    """A capped page, as on a Space: runs are private, one at a time."""
    home = tmp_path_factory.mktemp("page")
    port = _free_port()
    with (home / "app.log").open("wb") as log:
        app = subprocess.Popen(
            [sys.executable, "app.py", "--port", str(port), "--training", "capped"],
            cwd=ROOT,
            env={**os.environ, "MTL_HOME": str(home), "HF_HUB_OFFLINE": "1", "GRADIO_ANALYTICS_ENABLED": "False"},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, app, home / "app.log")
        yield url
    finally:
        app.terminate()
        app.wait(timeout=20)


@pytest.fixture
def page(browser, page_url):
    """A fresh browser profile on the page; anything on the console or over the network that should not be fails."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    opened.on("request", lambda asked: errors.append(asked.url) if _is_outside(asked.url) else None)
    opened.goto(page_url, wait_until="domcontentloaded")
    yield opened
    context.close()
    assert not errors


@pytest.fixture(scope="session")
def trainer(browser, tmp_path_factory):
    """A page that trains without limits, which can be ended and started again."""
    from tests.demo.trainer import Server

    running = Server(tmp_path_factory.mktemp("training"))
    running.start()
    yield running
    running.stop()


@pytest.fixture
def visitor(browser):
    """A fresh browser profile."""
    made = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    yield made
    made.close()


def _is_outside(url: str) -> bool:
    return not url.startswith(("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:"))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(url: str, app: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < deadline and app.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.25)
    pytest.fail(f"the page did not start: {log.read_text()[-2000:]}")
