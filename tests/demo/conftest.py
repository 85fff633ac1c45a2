"""A page started by `app.py` itself, and a browser to look at it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from demo import theme
from demo.answers.engines import Engines
from demo.page import build_page
from demo.runs import RunManager, limits
from demo.serving.launching import place_of, protect
from tests.demo.fakes import arguments, settings
from tests.demo.server import Server, free_port
from tests.waiting import CEILING

_CEILING = 1000 * CEILING  # milliseconds


_LOWER = {name: getattr(limits, name) for name in ("lower_process", "lower_session")}


@pytest.fixture(autouse=True)
def among_equals(monkeypatch) -> None:
    """What a test starts shares the machine with everything else; it would wait until nobody else computes."""
    for name in _LOWER:
        monkeypatch.setattr(limits, name, lambda pid: None)


@pytest.fixture
def lowest(among_equals, monkeypatch) -> None:
    """What is started from here on goes after everything else, as for a user."""
    for name, honest in _LOWER.items():
        monkeypatch.setattr(limits, name, honest)


@contextmanager
def _running(folder: Path, *arguments: str) -> Iterator[Server]:
    running = Server(folder, *arguments)
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def page_url(browser, tmp_path_factory) -> Iterator[str]:
    """A capped page, as on a Space: runs are private, one at a time."""
    with _running(tmp_path_factory.mktemp("page"), "--training", "capped") as server:
        yield server.url


@pytest.fixture(scope="session")
def labelling(browser, tmp_path_factory) -> Iterator[Server]:
    """A local page without limits for the tests of Label."""
    with _running(tmp_path_factory.mktemp("labelling")) as server:
        yield server


@pytest.fixture
def profile(browser):
    """Makes fresh browser profiles."""
    made = []

    def making(**how):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **how})
        context.set_default_timeout(_CEILING)
        made.append(context)
        return context

    yield making
    for context in made:
        context.close()


@pytest.fixture
def visitor(profile):
    """A fresh browser profile."""
    return profile()


@pytest.fixture
def open_page(profile):
    """Pages in fresh browser profiles; anything on the console or over the network that should not be fails."""
    from tests.demo.browser import visiting

    contexts, errors, given_up = [], [], []

    def opening(url: str, **how):
        contexts.append(profile(**how))
        opened = contexts[-1].new_page()
        visiting.watch(opened)
        aborted = _GivenUp(opened)
        given_up.append(aborted)
        opened.on("pageerror", lambda error: aborted.takes(str(error)) or errors.append(str(error)))
        opened.on("console", lambda line: errors.append(line.text) if _is_wrong(line, aborted) else None)
        opened.on("request", lambda asked: errors.append(asked.url) if _is_outside(asked.url) else None)
        opened.goto(url, wait_until="domcontentloaded")
        return opened

    yield opening
    for context in contexts:
        context.close()
    assert not errors
    assert not [message for page in given_up for message in page.unexplained()]


class _GivenUp:
    """What a page says when it gives up what it had asked for, which is right for one that is left or reloaded.

    The browser reports it before or after the navigation that is the reason, so only the end of a test can judge.
    """

    def __init__(self, page) -> None:
        self._navigations = 0
        self._said: list[str] = []
        page.on("request", self._asked)

    def _asked(self, request) -> None:
        self._navigations += request.is_navigation_request() and request.frame.parent_frame is None

    def takes(self, message: str) -> bool:
        """Whether a message is of this kind; it is kept."""
        kind = any(word in message for word in ("AbortError", "Connection errored out", "Unexpected error"))
        if kind:
            self._said.append(message)
        return kind

    def unexplained(self) -> list[str]:
        """The messages of a page that was never left."""
        return self._said if self._navigations <= 1 else []


def _is_wrong(line, given_up: _GivenUp) -> bool:
    return line.type == "error" and not given_up.takes(line.text)


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
        blocks = build_page(settings=chosen, engines=engines, runs=runs)
        place = place_of(arguments(), {})
        served.append(blocks)
        _, url, _ = blocks.launch(
            server_name="127.0.0.1",
            server_port=free_port(),
            prevent_thread_lock=True,
            quiet=True,
            ssr_mode=False,
            css_paths=theme.STYLES,
            **protect(blocks, settings=chosen, place=place, runs=runs),
        )
        return url

    yield serving
    for blocks in served:
        blocks.close(verbose=False)


@pytest.fixture(scope="session")
def trainer(browser, tmp_path_factory) -> Iterator[Server]:
    """A page that trains without limits, which can be ended and started again."""
    with _running(tmp_path_factory.mktemp("training")) as server:
        yield server


def _is_outside(url: str) -> bool:
    return not url.startswith(("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:"))


@pytest.fixture(scope="session")
def starter():
    """The model that comes with the project."""
    import mtl

    return mtl.Engine.load("starter")
