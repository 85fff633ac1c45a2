"""What the tests of Label share: texts, and a project that is begun by keys."""

import json
import re

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.demo.browser.visiting import settled
from tests.demo.server import Server

TEXTS = [
    "The cup final ended three to one.",
    "Our night train to Lisbon was late.",
    "The striker is injured again.",
    "We found a quiet hotel by the sea.",
    "She ran the marathon in three hours.",
    "The museum in Oslo is closed on Mondays.",
]
PAIRED = [f"{size} {thing} by the sea." for size in ("A big", "A large") for thing in ("house", "boat", "dog", "tree")]
NAMES = ["Ada Lovelace met Bo in Ulm.", "Nobody was there.", "Siri Larsen left Oslo."]
SERIOUS = {"serious", "critical"}


def begin(page: Page, texts: list[str], task: str, kind: str, labels: str) -> None:
    """Fill in the form by keys and start."""
    expect(page.locator("#ph-chips")).to_contain_text("topic")
    page.get_by_role("tab", name="Label").press("Enter")
    expect(page.locator("#ph-label-projects")).not_to_be_empty()
    page.locator("#ph-label-texts textarea").focus()
    page.keyboard.insert_text("\n".join(texts))
    page.locator("#ph-label-task input, #ph-label-task textarea").focus()
    page.keyboard.insert_text(task)
    page.get_by_role("radio", name=kind, exact=True).press("Space")
    if labels:
        page.locator("#ph-label-names textarea").focus()
        page.keyboard.insert_text(labels)
    page.locator("#ph-label-start").press("Enter")
    takes_keys(page)
    expect(page).to_have_url(re.compile("(?=.*tab=label)(?=.*project=)"))


def takes_keys(page: Page) -> None:
    """Wait for the card of a project that opens: one that is filled and not seen yet takes no keys."""
    expect(page.locator("#ph-label-card .ph-label-text")).not_to_be_empty()
    expect(counts(page)).to_be_visible()
    settled(page)


def counts(page: Page):
    return page.locator("#ph-label-card .ph-label-counts")


def said(page: Page):
    return page.locator("#ph-label-card .ph-label-said")


def answers(server: Server, task: str) -> list[dict]:
    """All lines that people have written in a project, in the order of each file."""
    files = sorted(server.home.glob(f"labelling/local/*{task}*/answers/*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def violations(page: Page) -> list[tuple[str, list]]:
    settled(page)
    expect(page.locator(".empty:visible")).to_have_count(0)  # what Gradio shows until a figure is drawn
    found = Axe().run(page).response["violations"]
    return [(one["id"], [node["target"] for node in one["nodes"]][:3]) for one in found if one["impact"] in SERIOUS]
