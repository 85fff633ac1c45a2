"""How long a visitor waits: for the server, for the first page, and from a key press to highlighted entities.

    python benchmarks/page.py [--repeats 5] [--keys 60] [--chromium /usr/bin/chromium]

Each repeat starts `python app.py` anew, once with a home of its own in which no model was prepared yet and once more
with the same home, and opens the page in a fresh browser; keys are typed one at a time on the warm
page, and a key counts until the frame after the highlighted text equals what was typed. What the browser loads is
counted as it travels, until the first results are there: for a new visitor, and for one who opens the page again.
Writes `benchmarks/results/page.json`: medians, and where the seconds until the server answers go.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "page.json"
SENTENCE = "Ann Smith moved to Oslo to work for Siemens"
STAGES = """
import json, time
marks = [time.perf_counter()]
import gradio; marks.append(time.perf_counter())
import app; marks.append(time.perf_counter())
from demo import page
from demo.answers.engines import Engines
from demo.runs import RunManager
from demo.settings import derive
settings = derive(app._parser().parse_args([]), {})
runs = RunManager(settings)
engines = Engines(settings=settings, runs=runs, load=app._load)
page.build_page(settings=settings, engines=engines, runs=runs); marks.append(time.perf_counter())
print(json.dumps([b - a for a, b in zip(marks, marks[1:])]))
"""
STAGE_NAMES = ("import gradio", "import the rest", "build the page")
WATCH = """() => {
  window.waits = [];
  const box = document.querySelector('#ph-sentence textarea'), place = document.querySelector('#ph-analyze-entities');
  let pressed = 0, wanted = '';
  box.addEventListener('input', () => { pressed = performance.now(); wanted = box.value; }, true);
  const shown = () => {
    const text = place.querySelector('.ph-text')?.cloneNode(true);
    text?.querySelectorAll('mark b').forEach(label => label.remove());
    return text?.textContent;
  };
  new MutationObserver(() => {
    if (!pressed || shown() !== wanted) return;
    const since = pressed; pressed = 0;
    requestAnimationFrame(() => setTimeout(() => window.waits.push(performance.now() - since), 0));
  }).observe(place, {subtree: true, childList: true, characterData: true});
}"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--keys", type=int, default=60)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    args = parser.parse_args()
    found, unprepared = [], []
    for _ in range(args.repeats):
        with tempfile.TemporaryDirectory() as home:
            unprepared.append(visit(args.chromium, 0, home)["page"])
            found.append(visit(args.chromium, args.keys, home))
    keys = [wait for visited in found for wait in visited["keys"]]
    stages = [
        json.loads(subprocess.check_output([sys.executable, "-c", STAGES], cwd=ROOT)) for _ in range(args.repeats)
    ]
    result = {
        "server_seconds": median(visited["server"] for visited in found),
        "page_seconds": median(visited["page"] for visited in found),
        "very_first_page_seconds": median(unprepared),
        "second_page_seconds": median(visited["second"] for visited in found),
        "loaded": {
            name: {key: median(visited["loaded"][i][key] for visited in found) for key in ("files", "bytes")}
            for i, name in enumerate(("new", "again"))
        },
        "key_ms": median(keys),
        "key_ms_90th": sorted(keys)[int(0.9 * len(keys))],
        "keys": len(keys),
        "stages": {name: median(stage[i] for stage in stages) for i, name in enumerate(STAGE_NAMES)},
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    Console(highlight=False).print(table(result))


def visit(chromium: str, keys: int, home: str) -> dict:
    """One start of the server, the first and a second page in fresh profiles, what is loaded, and some keys in ms."""
    from playwright.sync_api import sync_playwright

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    started = time.perf_counter()
    app = subprocess.Popen(
        [sys.executable, "app.py", "--port", str(port)],
        cwd=ROOT,
        env={**os.environ, "MTL_HOME": home, "HF_HUB_OFFLINE": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(url)
        server = time.perf_counter() - started
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            first, page = opened(browser, url)
            page.close()
            second, page = opened(browser, url)
            waits = typed(page, keys)
            page.close()
            context = browser.new_context()
            loaded = [loading(context, url) for _ in range(2)]
            browser.close()
    finally:
        app.terminate()
        app.wait(timeout=20)
    return {"server": server, "page": first, "second": second, "loaded": loaded, "keys": waits}


def opened(browser: object, url: str) -> tuple[float, object]:
    """A page in a fresh profile, and the seconds until the first sentence's entities are marked."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    started = time.perf_counter()
    page.goto(url, wait_until="domcontentloaded")
    page.wait_for_selector("#ph-analyze-entities mark", timeout=60_000)
    return time.perf_counter() - started, page


def loading(context: object, url: str) -> dict[str, int]:
    """Files that come over the network until the first results are there, and their bytes with all headers."""
    page = context.new_page()
    network, found = context.new_cdp_session(page), {"files": 0, "bytes": 0}
    network.send("Network.enable")
    network.on("Network.loadingFinished", lambda one: count(found, one["encodedDataLength"]))
    page.goto(url, wait_until="domcontentloaded")
    page.wait_for_selector("#ph-analyze-entities mark", timeout=60_000)
    page.close()
    return found


def count(found: dict[str, int], size: float) -> None:
    """One file more; what the browser has kept has no size."""
    if size:
        found["files"] += 1
        found["bytes"] += int(size)


def typed(page: object, keys: int) -> list[float]:
    """Milliseconds from each key to the frame that shows its entities."""
    page.wait_for_timeout(2000)
    page.locator("#ph-sentence textarea").fill(SENTENCE)
    page.wait_for_timeout(1000)
    page.evaluate(WATCH)
    page.locator("#ph-sentence textarea").press("End")
    for i in range(keys):
        page.keyboard.type(" and in Rome"[i % 12])
        page.wait_for_timeout(250)
    return page.evaluate("window.waits")


def wait_for(url: str) -> None:
    """Until the server answers."""
    for _ in range(1200):
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise SystemExit("the server did not answer within a minute")


def table(result: dict) -> Table:
    """The medians for people."""
    shown = Table("what", "median")
    shown.add_row("server answers after", f"{result['server_seconds']:.1f} s")
    for name, seconds in result["stages"].items():
        shown.add_row(f"  of this, {name}", f"{seconds:.1f} s")
    shown.add_row("first page with results", f"{result['page_seconds']:.1f} s")
    shown.add_row("  where no model was ever prepared", f"{result['very_first_page_seconds']:.1f} s")
    shown.add_row("a later visitor's page", f"{result['second_page_seconds']:.1f} s")
    for name, what in (("new", "files that a new visitor loads"), ("again", "  who opens the page again")):
        one = result["loaded"][name]
        shown.add_row(what, f"{one['files']:.0f}, {one['bytes'] / 1e6:.1f} MB")
    shown.add_row("key to highlighted entities", f"{result['key_ms']:.0f} ms")
    shown.add_row("  nine of ten within", f"{result['key_ms_90th']:.0f} ms")
    return shown


if __name__ == "__main__":
    main()
