"""The page as a visitor sees it: `app.py` in a process of its own, looked at in Chromium."""

import re

import pytest
from playwright.sync_api import expect

from tests.demo.broken import BROKEN
from tests.demo.browser.visiting import open_tab, settled

SENTENCE = "Angela Merkel met engineers of Siemens in Munich"


def tab(page, name):
    page.get_by_role("tab", name=name).click()


def ready(page):
    """The chosen model's chips are there, and so are the first results of the Embeddings tab, which is open."""
    expect(page.locator("#ph-chips")).to_contain_text("entities")
    tab(page, "Embeddings")
    expect(page.locator("#ph-nearest table")).to_be_visible()


# Numbers travel packed; `_fullData` is where plotly keeps them unpacked.
COUNT = (
    "(id) => { const plot = document.querySelector(id + ' .js-plotly-plot');"
    " return plot && plot._fullData ? plot._fullData.reduce((n, t) => n + (t.x ? t.x.length : 0), 0) : 0 }"
)


# Long curves are thinned, so what moves is their last step.
LAST = (
    "(id) => { const plot = document.querySelector(id + ' .js-plotly-plot');"
    " return plot && plot._fullData ? Math.max(0, ...plot._fullData.map(t => t.x ? t.x[t.x.length - 1] : 0)) : 0 }"
)


def wait_for_step(page, at_least):
    page.wait_for_function(f"n => ({LAST})('#ph-loss') >= n", arg=at_least)
    return page.evaluate(LAST, "#ph-loss")


def points_of(page, element) -> int:
    return page.evaluate(COUNT, element)


def test_class_probabilities_are_right(page):
    ready(page)
    tab(page, "Classes")
    field = page.get_by_label("Texts to classify, one per line")
    field.fill("The striker scored twice and the home team won the cup final.")
    page.get_by_role("button", name="Classify").click()
    topic = page.locator("#ph-classes [data-task=topic]")
    expect(topic.locator(".ph-first")).to_contain_text("sports")
    shown = [float(value) for value in topic.locator(".ph-figure").all_inner_texts()]
    assert shown == sorted(shown, reverse=True)
    assert sum(shown) == pytest.approx(1, abs=0.05)
    field.fill("I loved every minute of it.\nA complete waste of money.")
    page.get_by_role("button", name="Classify").click()
    expect(page.locator("#ph-classes tbody tr")).to_have_count(2)
    for row, mood in enumerate(("positive", "negative")):
        expect(page.get_by_label(f"sentiment of text {row + 1}")).to_have_value(mood)


def test_entities_are_highlighted_and_right(page):
    ready(page)
    tab(page, "Entities")
    page.get_by_label("Texts to tag, one per line").fill(SENTENCE)
    page.get_by_role("button", name="Find entities").click()
    expect(page.locator("#ph-entities .ph-text")).not_to_contain_text("hydrogen")
    marks = page.locator("#ph-entities mark")
    expect(marks).to_have_count(3)
    assert [mark.get_attribute("data-type") for mark in marks.all()] == ["PER", "ORG", "LOC"]
    assert [re.sub(r"\s*[A-Z]{3}$", "", text) for text in marks.all_inner_texts()] == [
        "Angela Merkel",
        "Siemens",
        "Munich",
    ]
    colours = {mark.evaluate("m => getComputedStyle(m).borderBottomColor") for mark in marks.all()}
    assert len(colours) == 3
    expect(page.locator("#ph-entity-table tbody tr").first).to_contain_text("0–13")


def test_typed_html_stays_text(page):
    ready(page)
    tab(page, "Entities")
    page.get_by_label("Texts to tag, one per line").fill("<img src=x onerror='window.hacked=1'> Bern <b>bold</b>")
    page.get_by_role("button", name="Find entities").click()
    expect(page.locator("#ph-entities .ph-text")).to_contain_text("<img src=x")
    assert page.locator("#ph-entities img").count() == 0
    assert page.evaluate("window.hacked") is None


def test_every_tab_fits_a_phone(page):
    page.set_viewport_size({"width": 390, "height": 800})
    page.reload(wait_until="domcontentloaded")
    ready(page)
    for name in ("Analyze", "Embeddings", "Classes", "Entities", "Label", "Train", "Runs", "Guide"):
        open_tab(page, name)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name


def test_broken_files_give_one_sentence_with_file_and_line(page, tmp_path):
    ready(page)
    tab(page, "Train")
    page.get_by_role("button", name="Add a task from your own files").click()
    page.get_by_label("Task name").fill("mine")
    problem = page.locator("#ph-data-problem [role=alert]")
    kind = "classification"
    for case in (c for c in BROKEN if c.file in ("empty-text.csv", "not-json.jsonl")):  # test_drafts has all of them
        file = tmp_path / case.file
        file.write_bytes(case.content)
        if case.kind != kind:
            kind = str(case.kind)
            page.get_by_label("Kind").click()
            page.get_by_role("option", name=kind).click()
        upload = page.locator("#ph-train-file")
        if upload.get_by_label("Clear").count():
            upload.get_by_label("Clear").click()
        upload.locator("input[type=file]").set_input_files(file)
        expect(upload).to_contain_text(case.file.rpartition(".")[0])
        settled(page)  # a press that comes while the one before is still being answered does nothing
        page.get_by_role("button", name="Check and add").click()
        expect(problem).to_contain_text(f"{case.file}:{case.line}: ")
        expect(problem).to_contain_text(case.says)


def test_a_good_file_becomes_a_ticked_task_with_its_counts_and_wrong_settings_are_named(page, tmp_path):
    ready(page)
    tab(page, "Train")
    page.get_by_role("button", name="Add a task from your own files").click()
    file = tmp_path / "intents.csv"
    file.write_text("text,label\n" + "".join(f"text {i},{'ask' if i % 2 else '<b>tell'}\n" for i in range(20)))
    page.get_by_label("Task name").fill("intent")
    page.locator("#ph-train-file input[type=file]").set_input_files(file)
    expect(page.locator("#ph-train-file")).to_contain_text("intents")
    page.get_by_role("button", name="Check and add").click()
    card = page.locator("#ph-data [data-task=intent]")
    expect(card).to_contain_text("16 texts for training, 4 for dev")
    expect(card).to_contain_text("<b>tell")
    expect(page.get_by_label("intent", exact=True)).to_be_checked()
    expect(page.locator("#ph-stack")).to_contain_text("intent head")
    page.get_by_label("Epochs").fill("0")
    expect(page.locator("#ph-form-problem [role=alert]")).to_contain_text("epochs")


def start_training(page, *, epochs, tokens, preset=None):
    ready(page)
    tab(page, "Train")
    if preset:
        page.locator("#ph-presets").get_by_text(preset).click()
    page.get_by_label("Epochs").fill(epochs)
    page.get_by_label("Tokens per batch").fill(tokens)
    page.get_by_label("Seed").fill("7")
    page.get_by_role("button", name="Start training").click()
    return page.locator("#ph-run section")


def test_a_run_is_watched_survives_a_reload_and_its_model_is_used(page):
    # Tiny batches: with the frozen part cached, a run of ordinary ones ends before anybody could watch it.
    card = start_training(page, epochs="10", tokens="16")
    before = wait_for_step(page, 2)
    moved = wait_for_step(page, before + 1)
    run = page.get_by_label("Run", exact=True).input_value()

    page.reload(wait_until="domcontentloaded")
    tab(page, "Train")
    wait_for_step(page, moved)
    assert page.get_by_label("Run", exact=True).input_value() == run
    assert points_of(page, "#ph-metrics") >= 2

    expect(card).to_have_attribute("data-state", "finished")
    expect(page.locator("#ph-metric-table")).to_contain_text("accuracy")
    expect(page.locator("#ph-log")).to_contain_text("completed")
    page.get_by_role("button", name="Use this model").click()
    expect(page.get_by_label("Model", exact=True)).to_have_value(run)
    expect(page.locator("#ph-chips")).not_to_contain_text("sentiment")
    tab(page, "Entities")
    page.get_by_label("Texts to tag, one per line").fill("Anna Keller works in Oslo")
    page.get_by_role("button", name="Find entities").click()
    expect(page.locator("#ph-entities .ph-text")).to_contain_text("Keller")
    expect(page.locator("#ph-entities [data-task=entities]").first).to_be_visible()


@pytest.mark.slow
def test_a_run_is_private_the_only_one_and_can_be_stopped(page, open_page, page_url):
    card = start_training(page, epochs="10", tokens="512", preset="Full: everything trains")
    expect(card).to_have_attribute("data-state", "running")
    _waits_with_a_second_run_and_sees_no_other(open_page(page_url))
    page.get_by_role("button", name="Stop").click()
    expect(card).to_have_attribute("data-state", "stopped")
    expect(page.locator("#ph-log")).to_contain_text("stopped after")


def _waits_with_a_second_run_and_sees_no_other(stranger):
    ready(stranger)
    tab(stranger, "Train")
    stranger.get_by_label("Run", exact=True).click()
    expect(stranger.get_by_role("option")).to_have_count(1)
    stranger.keyboard.press("Escape")
    stranger.get_by_role("button", name="Start training").click()
    card = stranger.locator("#ph-run section")
    expect(card).to_have_attribute("data-state", "queued")
    stranger.get_by_role("button", name="Remove from the queue").click()
    expect(card).to_have_attribute("data-state", "stopped")
