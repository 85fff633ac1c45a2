"""Texts with several labels: uploaded, trained, predicted, measured, corrected and trained again."""

import re

import pytest
from playwright.sync_api import expect

from tests.demo.browser.visiting import settled
from tests.demo.trainer import EXAMPLES, is_planned, start, visit

pytestmark = pytest.mark.slow

PASSENGERS = EXAMPLES / "passengers"
TEXT = "The lift is broken, the train was an hour late, and nobody told us why."
RIGHT = ["accessibility", "crowding", "delay", "tickets"]


def chosen(page):
    """The labels of the first text whose bars reach their thresholds."""
    bars = page.locator("#ph-classes [data-task=about] [data-chosen=yes]")
    return sorted(bar.get_attribute("data-label") for bar in bars.all())


def test_sets_of_labels_from_a_file_to_a_retrained_head(visitor, trainer):
    page = visit(visitor, trainer, "Train")
    page.locator("#ph-add-task > button").click()
    page.get_by_label("Task name").fill("about")
    page.locator("#ph-train-file input[type=file]").set_input_files(PASSENGERS / "train.jsonl")
    expect(page.get_by_label("Several labels per text")).to_be_checked()
    expect(page.get_by_label("Column with the labels")).to_have_value("labels")
    page.locator("#ph-dev-file input[type=file]").set_input_files(PASSENGERS / "dev.jsonl")
    page.get_by_role("button", name="Check and add").click()
    card = page.locator("#ph-data [data-task=about]")
    expect(card).to_contain_text("240 texts for training, 60 for dev")
    expect(card).to_contain_text("multi-label classification")
    for name in ("topic", "entities"):
        page.locator("#ph-tasks").get_by_label(name).uncheck()
    page.locator("#ph-presets").get_by_text("Heads only").click()
    is_planned(page)
    expect(start(page, Epochs="20", Tokens_per_batch="512")).to_have_attribute("data-state", "finished")
    labels = page.locator("[data-labels-of=about]").locator("visible=true")
    expect(labels.locator("tbody tr")).to_have_count(8)
    page.get_by_role("button", name="Use this model").click()
    expect(page.locator("#ph-chips")).to_contain_text("about")

    page.get_by_role("tab", name="Classes").click()
    settled(page)
    page.locator("#ph-class-text textarea").fill(TEXT)
    page.get_by_role("button", name="Classify").click()
    bars = page.locator("#ph-classes [data-task=about]")
    expect(bars.locator(".ph-limited")).to_have_count(8)
    settled(page)
    assert len(chosen(page)) > 1
    assert chosen(page) != RIGHT

    for box in bars.get_by_role("checkbox").all():
        box.set_checked(box.get_attribute("value") in RIGHT)
    bars.get_by_role("button", name="Save the labels of text 1").click()
    kept = page.locator("#ph-kept-classification li")
    expect(kept).to_contain_text(f"about: {', '.join(RIGHT)}")
    page.get_by_role("button", name="Retrain about only").click()
    expect(page.locator("#ph-retrain-classification")).to_contain_text("1 of 1 corrected text is now correct")
    page.get_by_role("button", name="Use the retrained model").click()
    expect(bars.locator("[data-chosen=yes]")).to_have_count(len(RIGHT))
    settled(page)
    assert chosen(page) == RIGHT

    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload a file").locator("visible=true").click()
    chooser.value.set_files(PASSENGERS / "dev.jsonl")
    report = page.locator("#ph-class-report")
    expect(report.locator(".ph-measures")).to_contain_text(re.compile(r"micro F1.*mean average precision"))
    expect(report.locator("tbody tr")).to_have_count(8)
    expect(report.locator(".ph-confusion")).to_have_count(0)
    row = page.locator("#ph-classes details").first
    row.locator("summary").click()
    row.get_by_label("praise", exact=True).check()
    row.get_by_role("button", name="Save the labels of text 1").click()
    expect(kept).to_have_count(2)
