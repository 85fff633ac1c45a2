"""How a visitor gets about on a page that trains."""

import json
import re

from playwright.sync_api import expect

from tests.demo.browser.visiting import watch
from tests.demo.server import ROOT
from tests.waiting import until

EXAMPLES = ROOT / "examples"


def visit(context, server, tab):
    page = context.new_page()
    watch(page)
    page.goto(server.url, wait_until="domcontentloaded")
    expect(page.locator("#ph-chips")).to_contain_text("entities")
    page.get_by_role("tab", name=tab).click()
    return page


def is_planned(page):
    expect(page.locator("#ph-plan section")).to_have_attribute("data-state", "measured")


def start(page, **fields):
    for label, value in fields.items():
        page.locator(".ph-rates").get_by_label(label.replace("_", " ")).fill(value)
    expect(page.locator("#ph-plan section")).to_have_attribute("data-state", re.compile("waiting|measured"))
    page.get_by_role("button", name="Start training").click()
    card = page.locator("#ph-run section")
    expect(card).to_have_attribute("data-state", re.compile("running|finished"))
    return card


def newest_run(server):
    return max((server.home / "runs").iterdir(), key=lambda folder: folder.name)


def written_steps(server):
    lines = (newest_run(server) / "events.jsonl").read_text().splitlines()
    return [event["step"] for event in map(json.loads, lines) if event["kind"] == "step"]


def wait_until_written(server, step):
    """Wait for the newest run to make a step, whether or not a server runs."""
    until(lambda: written_steps(server)[-1] >= step, f"step {step}")


def watched_run(context, server):
    """The id of a new run, trained to its end, which this visitor's browser watches."""
    page = visit(context, server, "Train")
    expect(start(page, Epochs="1", Tokens_per_batch="2048")).to_have_attribute("data-state", "finished")
    page.close()
    return newest_run(server).name


def finished_run(context, server):
    """The id of a run that has come to its end, whoever watches it; one is made where there is none."""
    for folder in sorted((server.home / "runs").glob("*"), reverse=True):
        if "compare" not in folder.name and (folder / "best" / "config.json").is_file():
            return folder.name
    return watched_run(context, server)
