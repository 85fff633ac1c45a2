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

from demo import theme
from demo.answers.engines import Engines
from demo.page import build_page
from demo.runs import RunManager
from tests.demo.fakes import settings

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_SECONDS_TO_START = 90
_RELOAD_SECONDS = 3


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
def open_page(browser):
    """Fresh browser profiles; anything on the console or over the network that should not be fails."""
    contexts, errors, loads = [], [], []

    def note(text: str) -> None:
        errors.append((time.monotonic(), text))

    def opening(url: str, **how):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **how})
        contexts.append(context)
        opened = context.new_page()
        opened.on("pageerror", lambda error: note(str(error)))
        opened.on("console", lambda line: note(line.text) if line.type == "error" else None)
        opened.on("request", lambda asked: note(asked.url) if _is_outside(asked.url) else None)
        opened.on("framenavigated", lambda _: loads.append(time.monotonic()))
        opened.goto(url, wait_until="domcontentloaded")
        return opened

    yield opening
    for context in contexts:
        context.close()
    assert not [text for at, text in errors if not _is_of_a_reload(text, at, loads)]


def _is_of_a_reload(text: str, at: float, loads: list[float]) -> bool:
    """A page that is left gives up what it had asked for, and its client says so."""
    says = any(word in text for word in ("AbortError", "Connection errored out", "Unexpected error"))
    return says and any(abs(at - load) < _RELOAD_SECONDS for load in loads[1:])


@pytest.fixture
def page(open_page, page_url):
    """The page of `app.py` in a fresh browser profile."""
    return open_page(page_url)


@pytest.fixture
def serve():
    """Serve a page with a model of the test's own, in this process."""
    served = []

    def serving(model) -> str:
        chosen = settings()
        runs = RunManager(chosen)
        engines = Engines(settings=chosen, runs=runs, load=lambda _: model)
        blocks = build_page(settings=chosen, engines=engines, runs=runs).queue(default_concurrency_limit=4)
        served.append(blocks)
        _, url, _ = blocks.launch(
            server_name="127.0.0.1",
            server_port=_free_port(),
            prevent_thread_lock=True,
            quiet=True,
            ssr_mode=False,
            css_paths=theme.STYLES,
        )
        return url

    yield serving
    for blocks in served:
        blocks.close(verbose=False)


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
