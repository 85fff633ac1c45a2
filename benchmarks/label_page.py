"""How long a person waits on the Label tab: from a key or a click to the next card with new guesses, in Chromium.

    python benchmarks/label_page.py [--kinds classes,spans] [--texts 10000] [--labels 500] [--answers 40] [--out FILE]

Starts `python app.py` with a home of its own, makes a project of so many texts from seeded templates, labels so many of
them on disk, opens the project in the browser and answers cards by turns with a key and a click. The page itself takes
the time, from the event in the browser until the frame after the next card was drawn. It prints the median and the 95th
percentile of each kind, how long the server took of it, and the load of the machine, which decides on all of
these. It exits 1 where a median is above 150 ms for classes or 400 ms for spans.
"""

import argparse
import json
import os
import platform
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.page import wait_for  # noqa: E402
from mtl.labelling import LabelHint, ProjectKind, ProjectSpec, Reason, create_project  # noqa: E402
from mtl.labelling.answers import ProjectAnswers  # noqa: E402
from mtl.labels import TypedSpan  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "label_page.json"
WANTED = {ProjectKind.CLASSES: 150.0, ProjectKind.SPANS: 400.0}
"""Milliseconds of the median."""
TOPICS = {
    "delivery": ("parcel", "courier", "shipment", "pickup point"),
    "invoice": ("invoice", "refund", "payment", "discount"),
    "account": ("password", "login", "profile", "newsletter"),
    "repair": ("screen", "battery", "hinge", "charger"),
    "praise": ("service", "advice", "packaging", "shop"),
}
PEOPLE = ("Nora Beck", "Timo Hahn", "Lea Storm", "Jonas Wild", "Mira Falk")
PLACES = ("Kiel", "Graz", "Bergen", "Ghent", "Porto")
FRAMES = (
    "{person} from {place} asks about the {thing}, order {number}.",
    "The {thing} of order {number} still has not come to {place}, writes {person}.",
    "Is there news of my {thing}? It was promised for week {week}.",
    "{person} called on day {week}: the {thing} is not what was agreed in {place}.",
    "About the {thing}: number {number} is the second one this year.",
)
WATCH = """() => {
  const card = document.querySelector('#ph-label-card .ph-label-card');
  const place = card.querySelector('.ph-label-counts');
  let begun = 0;
  window.waits = [];
  window.began = () => { begun = performance.now(); };
  for (const kind of ['keydown', 'click']) document.addEventListener(kind, window.began, true);
  new MutationObserver(() => {
    if (!begun) return;
    const since = begun; begun = 0;
    requestAnimationFrame(() => setTimeout(() => window.waits.push(performance.now() - since), 0));
  }).observe(place, { childList: true });
}"""

FRESH = "(before) => document.querySelector('#ph-label-progress').innerHTML !== before"


def main() -> int:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds", default="classes,spans")
    parser.add_argument("--texts", type=int, default=10_000)
    parser.add_argument("--labels", type=int, default=500)
    parser.add_argument("--answers", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--chromium", default=shutil.which("chromium") or "/usr/bin/chromium")
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    kinds = [ProjectKind(kind) for kind in args.kinds.split(",")]
    found: dict[str, Any] = {"machine": f"{platform.machine()}, {os.cpu_count()} cores", "texts": args.texts}
    found |= {"labels": args.labels, "kinds": {}}
    with tempfile.TemporaryDirectory() as home:
        projects = {kind: made(Path(home), kind, args) for kind in kinds}
        with served(home) as url, browsing(args.chromium) as page:
            for kind, project in projects.items():
                found["kinds"][str(kind)] = measured(page, f"{url}/?tab=label&project={project}", args.answers)
    args.out.parent.mkdir(exist_ok=True)
    args.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    show(found)
    return int(any(found["kinds"][str(kind)]["median_ms"] > WANTED[kind] for kind in kinds))


def made(home: Path, kind: ProjectKind, args: argparse.Namespace) -> str:
    """A project of generated texts of which some are labelled by chance; gives its id."""
    gold = texts_with_answers(kind, args.texts, seed=args.seed)
    names = ("PER", "LOC", "THING") if kind is ProjectKind.SPANS else tuple(TOPICS)
    spec = ProjectSpec(f"bench-{kind}", kind, tuple(LabelHint(name) for name in names))
    project = create_project(home / "labelling" / "local", list(gold), spec)
    some = random.Random(args.seed).sample(range(args.texts), args.labels)
    answers = ProjectAnswers(project)
    answers.refresh()
    for number in some:
        answers.keep("me", {number: gold[project.texts[number]]}, reason=Reason.DENSE)
    return project.id


def texts_with_answers(kind: ProjectKind, count: int, *, seed: int) -> dict[str, Any]:
    """So many distinct texts, each with its label or its spans."""
    chance, found = random.Random(seed), {}
    while len(found) < count:
        topic = chance.choice(list(TOPICS))
        parts = {
            "person": chance.choice(PEOPLE),
            "place": chance.choice(PLACES),
            "thing": chance.choice(TOPICS[topic]),
            "number": chance.randrange(100_000),
            "week": chance.randrange(10_000),
        }
        text = chance.choice(FRAMES).format(**parts)
        found[text] = spans_of(text, parts) if kind is ProjectKind.SPANS else topic
    return found


def spans_of(text: str, parts: dict[str, Any]) -> tuple[TypedSpan, ...]:
    """Where a text names its person, place and thing."""
    named = {"PER": parts["person"], "LOC": parts["place"], "THING": parts["thing"]}
    places = ((re.search(re.escape(name), text), label) for label, name in named.items())
    return tuple(sorted((TypedSpan(*at.span(), label) for at, label in places if at), key=lambda span: span.start))


@contextmanager
def served(home: str) -> Iterator[str]:
    """A page with this home; gives its address."""
    from tests.demo.server import free_port

    port = free_port()
    app = subprocess.Popen(
        [sys.executable, "app.py", "--port", str(port)],
        cwd=ROOT,
        env={**os.environ, "MTL_HOME": home, "HF_HUB_OFFLINE": "1", "GRADIO_ANALYTICS_ENABLED": "False"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        app.terminate()
        app.wait(timeout=20)


@contextmanager
def browsing(chromium: str) -> Iterator[Any]:
    """A page in a fresh browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        browser.close()


def measured(page: Any, url: str, answers: int) -> dict[str, Any]:  # noqa: ANN401
    """Answer cards by turns with a key and a click on the guess, one a time at leisure; milliseconds."""
    page.goto(url, wait_until="domcontentloaded")
    page.wait_for_selector("#ph-label-card .ph-label-text:not(:empty)", timeout=600_000)
    page.wait_for_timeout(3_000)  # the figures beside the card
    page.evaluate(WATCH)
    took: list[float] = []
    page.on("requestfinished", lambda asked: took.append(asked.timing["responseEnd"]) if _is_answer(asked) else None)
    for count in range(answers):
        before = page.locator("#ph-label-progress").inner_html()
        if count % 2:
            page.locator("#ph-label-card .ph-label-accept").click()
        else:
            page.keyboard.press("Enter")
        page.wait_for_function(f"window.waits.length > {count}", timeout=60_000)
        page.wait_for_function(FRESH, arg=before, timeout=60_000)  # a person reads; the figures are drawn meanwhile
        page.wait_for_timeout(500)
    waits = page.evaluate("window.waits")
    return {
        "median_ms": round(median(waits), 1),
        "p95_ms": round(float(np.quantile(waits, 0.95)), 1),
        "request_ms": round(median(took), 1),
        "answers": len(waits),
        "load": round(os.getloadavg()[0], 2),
    }


def _is_answer(asked: Any) -> bool:  # noqa: ANN401
    return "run/predict" in asked.url and '"kind":"answer"' in (asked.post_data or "")


def show(found: dict[str, Any]) -> None:
    """A table of milliseconds."""
    table = Table("kind", "median", "95 %", "of that request", "wanted", "answers", "load")
    for kind, own in found["kinds"].items():
        wanted = f"{WANTED[ProjectKind(kind)]:.0f}"
        figures = [f"{own[name]:.0f}" for name in ("median_ms", "p95_ms", "request_ms")]
        table.add_row(kind, *figures, wanted, str(own["answers"]), f"{own['load']:.1f}")
    console = Console(highlight=False)
    console.print(
        f"{found['texts']:,} texts, {found['labels']} labels; milliseconds from a key or a click to the next card"
    )
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
