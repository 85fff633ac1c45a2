"""Take the pictures of the page for the README: every tab in use, at 1280 and 390 pixels, light and dark.

    python docs/pictures.py [--tabs analyze,guide] [--out docs] [--chromium FILE]

The program starts the page with a temporary home. For the Runs tab it trains two short runs, about a minute each. A
picture is named `<tab>-<width>-<scheme>.png`.
"""

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SIZES = {1280: 900, 390: 844}
SCHEMES = ("light", "dark")
RUNS = ("Heads only", "Last layers")
_SETTLED_MS = 2500
_PATIENCE_MS = 300_000


def embeddings(page: Any) -> None:  # noqa: ANN401
    """Example sentences on the map, one of them selected."""
    page.get_by_role("button", name="Embed", exact=True).click()
    page.locator("#ph-map canvas").first.wait_for(timeout=_PATIENCE_MS)
    page.wait_for_timeout(_SETTLED_MS)
    page.locator("#ph-map canvas").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")


def classes(page: Any) -> None:  # noqa: ANN401
    """Evaluation on a labelled file."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload a file").locator("visible=true").click()
    header, *rows = (ROOT / "examples" / "topic" / "dev.csv").read_text(encoding="utf-8").splitlines()
    some = "\n".join([header, *rows[::3]])
    chooser.value.set_files({"name": "topics.csv", "mimeType": "text/csv", "buffer": some.encode()})
    page.locator("#ph-class-report .ph-confusion").wait_for(timeout=_PATIENCE_MS)


def train(page: Any) -> None:  # noqa: ANN401
    """The four steps, with a measured plan of `last_layers`."""
    page.locator("#ph-presets").get_by_label("Last layers").check()
    page.locator("#ph-plan section[data-state=measured]").wait_for(timeout=_PATIENCE_MS)


def runs(page: Any) -> None:  # noqa: ANN401
    """All runs selected, the newest one opened."""
    page.locator("#ph-runs [data-open]").first.click()
    ticked, free = (page.locator(f"#ph-runs [data-tick][aria-checked={state}]") for state in ("true", "false"))
    ticked.first.wait_for(timeout=_PATIENCE_MS)
    for others in range(1, len(RUNS)):
        free.first.click()
        ticked.nth(others).wait_for(timeout=_PATIENCE_MS)
    page.locator("#ph-overlay-metrics .legendtext").nth(len(RUNS) - 1).wait_for(timeout=_PATIENCE_MS)


def guide(page: Any) -> None:  # noqa: ANN401
    """The page on freezing, with its measurements."""
    page.locator("#ph-guide-pages").get_by_text("Freezing", exact=True).click()
    page.get_by_role("heading", name="Freezing").wait_for(timeout=_PATIENCE_MS)


def nothing(_page: Any) -> None:  # noqa: ANN401
    """Nothing to do: the tab shows an example."""


TABS: dict[str, Callable[[Any], None]] = {
    "analyze": nothing,
    "embeddings": embeddings,
    "classes": classes,
    "entities": nothing,
    "train": train,
    "runs": runs,
    "guide": guide,
}


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tabs", default=",".join(TABS))
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    args = parser.parse_args()
    from playwright.sync_api import sync_playwright

    with served() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=args.chromium, args=["--no-sandbox", "--disable-gpu"])
        tabs = args.tabs.split(",")
        state = trained(browser, url) if "runs" in tabs else None
        for tab in tabs:
            for width, height in SIZES.items():
                for scheme in SCHEMES:
                    context = browser.new_context(
                        viewport={"width": width, "height": height},
                        color_scheme=scheme,  # type: ignore[arg-type]
                        storage_state=state if tab == "runs" else None,
                    )
                    page = opened(context, url, tab)
                    TABS[tab](page)
                    page.wait_for_timeout(_SETTLED_MS)
                    page.screenshot(path=args.out / f"{tab}-{width}-{scheme}.png", full_page=True)
                    context.close()
        browser.close()


def opened(context: Any, url: str, tab: str) -> Any:  # noqa: ANN401
    """Open a tab, with its model loaded."""
    page = context.new_page()
    page.goto(f"{url}/?tab={tab}", wait_until="domcontentloaded")
    page.locator("#ph-chips small").first.wait_for(timeout=_PATIENCE_MS)
    page.wait_for_timeout(_SETTLED_MS)
    return page


def trained(browser: Any, url: str) -> Any:  # noqa: ANN401
    """Train the runs, and return the state of the browser."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    for preset in RUNS:
        page = opened(context, url, "train")
        if page.locator("#ph-run-picker input").input_value() != "New run":
            page.get_by_label("Run", exact=True).click()
            page.get_by_role("option", name="New run").click()
        page.locator("#ph-presets").get_by_label(preset).check()
        page.locator(".ph-rates").get_by_label("Epochs").fill("4")
        page.locator("#ph-plan section[data-state=measured]").wait_for(timeout=_PATIENCE_MS)
        page.locator("#ph-start").click()
        page.locator("#ph-run section[data-state=finished]").wait_for(timeout=_PATIENCE_MS)
        page.close()
    state = context.storage_state()
    context.close()
    return state


@contextmanager
def served() -> Iterator[str]:
    """Serve the page on a free port, with a temporary home."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as home:
        app = subprocess.Popen(
            [sys.executable, "app.py", "--port", str(port)],
            cwd=ROOT,
            env={**os.environ, "MTL_HOME": home, "HF_HUB_OFFLINE": "1"},
            stdout=subprocess.DEVNULL,
        )
        try:
            _wait(f"http://127.0.0.1:{port}")
            yield f"http://127.0.0.1:{port}"
        finally:
            app.terminate()
            app.wait(timeout=20)


def _wait(url: str) -> None:
    for _ in range(240):
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise SystemExit("the page did not start within two minutes")


if __name__ == "__main__":
    main()
