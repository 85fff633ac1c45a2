"""A page that trains without limits and can be ended and started again, and how a visitor gets about on it."""

import json
import os
import re
import subprocess
import sys
import time

import pytest

expect = pytest.importorskip("playwright.sync_api").expect

from tests.demo.conftest import ROOT, _free_port, _wait  # noqa: E402

SLOW = 45_000
RUN = 240_000
EXAMPLES = ROOT / "examples"


class Server:
    """`app.py` that can be ended and started again on the same port and home."""

    def __init__(self, home) -> None:
        self.home, self.port = home, _free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        log = self.home / "app.log"
        with log.open("ab") as output:
            self.app = subprocess.Popen(
                [sys.executable, "app.py", "--port", str(self.port)],
                cwd=ROOT,
                env={**os.environ, "MTL_HOME": str(self.home), "HF_HUB_OFFLINE": "1"},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        _wait(self.url, self.app, log)

    def stop(self) -> None:
        self.app.terminate()
        self.app.wait(timeout=20)


def visit(context, server, tab):
    page = context.new_page()
    page.goto(server.url, wait_until="domcontentloaded")
    expect(page.locator("#ph-chips")).to_contain_text("entities", timeout=SLOW)
    page.get_by_role("tab", name=tab).click()
    return page


def is_planned(page):
    expect(page.locator("#ph-plan section")).to_have_attribute("data-state", "measured", timeout=RUN)


def start(page, **fields):
    for label, value in fields.items():
        page.locator(".ph-rates").get_by_label(label.replace("_", " ")).fill(value)
    expect(page.locator("#ph-plan section")).to_have_attribute("data-state", re.compile("waiting|measured"))
    page.get_by_role("button", name="Start training").click()
    card = page.locator("#ph-run section")
    expect(card).to_have_attribute("data-state", re.compile("running|finished"), timeout=SLOW)
    return card


def newest_run(server):
    return max((server.home / "runs").iterdir(), key=lambda folder: folder.name)


def written_steps(server):
    lines = (newest_run(server) / "events.jsonl").read_text().splitlines()
    return [event["step"] for event in map(json.loads, lines) if event["kind"] == "step"]


def wait_until_written(server, step):
    """Wait for the newest run to make a step, whether or not a server runs."""
    end = time.monotonic() + RUN / 1000
    while written_steps(server)[-1] < step:
        assert time.monotonic() < end, f"step {step} was not made"
        time.sleep(0.05)


def finished_run(context, server):
    """The id of a run that has come to its end; one is made where there is none."""
    for folder in sorted((server.home / "runs").glob("*"), reverse=True):
        if "compare" not in folder.name and (folder / "best" / "config.json").is_file():
            return folder.name
    page = visit(context, server, "Train")
    expect(start(page, Epochs="1", Tokens_a_batch="2048")).to_have_attribute("data-state", "finished", timeout=RUN)
    page.close()
    return newest_run(server).name
