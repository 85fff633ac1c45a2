"""Results that no longer belong to the inputs on the page are marked from the change until the new answer is there."""

import re
from threading import Event

import pytest

from tests.demo.fakes import FakeModel

expect = pytest.importorskip("playwright.sync_api").expect

LABEL = "(selector) => getComputedStyle(document.querySelector(selector), '::after').content"


class SlowModel(FakeModel):
    """Texts that begin with `slow` wait."""

    def __init__(self):
        self.released = Event()

    def analyze(self, sentences):
        if sentences[0].startswith("slow"):
            assert self.released.wait(60)
        return super().analyze(sentences)


def outdated(page, name):
    return expect(page.locator("html")), re.compile(rf"(^| ){name}( |$)")


def is_marked(page, name, label):
    page_is, named = outdated(page, name)
    page_is.to_have_attribute("data-outdated", named)
    assert page.evaluate(LABEL, f".ph-panel-{name}") == f'"{label}"'


def is_current(page, name):
    page_is, named = outdated(page, name)
    page_is.not_to_have_attribute("data-outdated", named)


def test_results_are_marked_from_a_change_until_its_answer(serve, open_page):
    model = SlowModel()
    page = open_page(serve(model))
    page.get_by_role("tab", name="Classes").click()
    expect(page.locator("#ph-classes .ph-empty")).to_have_count(0)
    is_current(page, "classes")
    box = page.locator("#ph-class-text textarea")
    first = box.input_value()

    box.fill("slow text\nanother")
    is_marked(page, "classes", "Out of date")
    box.fill(first)
    is_current(page, "classes")

    box.fill("slow text\nanother")
    page.get_by_role("button", name="Classify").click()
    is_marked(page, "classes", "Updating …")
    model.released.set()
    expect(page.locator("#ph-classes")).to_contain_text("another")
    is_current(page, "classes")

    box.fill("  ")
    page.get_by_role("button", name="Classify").click()
    expect(page.locator("[role=alert]")).to_contain_text("Type at least one sentence")
    is_marked(page, "classes", "Out of date")


@pytest.mark.slow
def test_maps_tables_and_neighbours_follow_the_sentences_and_their_own_choices(serve, open_page):
    model = SlowModel()
    page = open_page(serve(model))
    page.get_by_role("tab", name="Embeddings").click()
    expect(page.locator("#ph-nearest table").first).to_be_visible()
    panels = ("sentences", "map", "colours", "heat", "near")
    for name in panels:
        is_current(page, name)
    page.get_by_label("Sentences, one per line").fill("slow one\ntwo\nthree\nfour\nfive\nsix\nseven")
    page.get_by_role("button", name="Embed", exact=True).click()
    for name in panels:
        is_marked(page, name, "Updating …") if name != "sentences" else None
    page.get_by_label("t-SNE", exact=True).check()
    is_marked(page, "map", "Updating …")
    model.released.set()
    for name in panels:
        is_current(page, name)
    page.locator("#ph-compare-with input").click()
    page.get_by_role("option", name="MiniLM").first.click()
    expect(page.locator("#ph-moved")).to_contain_text("nearest neighbours kept")
    for name in (*panels, "second"):
        is_current(page, name)
