"""Replies on Label that come late, or to what was asked twice."""

import re

import pytest
from playwright.sync_api import expect

from tests.demo.browser.labelling import TEXTS, answers, begin, counts, said
from tests.demo.browser.visiting import hold, intercept, settled
from tests.waiting import until

# The second half of a double click, in the moment in which the next card is there.
CLICK_AGAIN = """() => {
  const place = document.querySelector('#ph-label-card .ph-label-counts');
  new MutationObserver(() => document.querySelector('#ph-label-card [data-label]').dispatchEvent(
    new MouseEvent('click', { bubbles: true, detail: 2 }))).observe(place, { childList: true });
}"""


@pytest.mark.slow
def test_a_double_click_labels_one_text_and_deletes_no_project(labelling, open_page):
    page = open_page(labelling.url)
    begin(page, TEXTS, "double", "one label per text", "sports\ntravel")
    page.evaluate(CLICK_AGAIN)
    page.locator("#ph-label-card").get_by_role("button", name="travel").first.click()
    expect(counts(page)).to_have_text("1 of 6 labelled")
    settled(page)
    assert [line["answers"] for line in answers(labelling, "double")] == [["travel"]]
    card = page.locator("#ph-label-card .ph-label-card")
    for key, code, reply in (
        ("&", "Digit1", "Saved: sports."),
        ("ы", "KeyS", "Skipped."),
        ("é", "Digit2", "Saved: travel."),
    ):
        card.dispatch_event(
            "keydown", {"key": key, "code": code, "bubbles": True}
        )  # of a French and a Russian keyboard
        expect(said(page)).to_have_text(reply)
    card.dispatch_event("keydown", {"key": "@", "code": "Digit2", "shiftKey": True, "bubbles": True})
    settled(page)
    expect(counts(page)).to_have_text("3 of 6 labelled · 1 skipped")
    page.locator("#ph-label-back").click()
    expect(page).not_to_have_url(re.compile("project="))
    settled(page)
    row = page.locator("#ph-label-projects tr", has_text="double")
    row.get_by_role("button", name="Delete").dblclick()
    expect(row.get_by_role("button", name="Delete")).to_have_text("Delete with all answers?")
    settled(page)
    row.get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)
    assert not answers(labelling, "double")


def test_a_late_reply_does_not_replace_a_newer_card(labelling, open_page):
    page = open_page(labelling.url)
    begin(page, TEXTS, "late", "one label per text", "sports\ntravel")
    held = []
    intercept(page, "**/gradio_api/run/**", lambda route: held.append(route) if not held else route.continue_())
    page.keyboard.press("1")
    until(lambda: page.evaluate("() => true") and held, "the request that is held")
    page.keyboard.press("2")  # nobody has seen the text that this would be for
    page.evaluate("document.dispatchEvent(new Event('ph-label-lost'))")
    page.get_by_role("button", name="Try again").click()
    expect(said(page)).to_have_text("Saved: sports.")
    page.keyboard.press("2")
    expect(said(page)).to_have_text("Saved: travel.")
    newest = page.locator("#ph-label-card .ph-label-text").inner_text()
    held[0].continue_()
    settled(page)
    expect(page.locator("#ph-label-card .ph-label-text")).to_have_text(newest)
    expect(said(page)).to_have_text("Saved: travel.")
    expect(counts(page)).to_have_text("2 of 6 labelled")


@pytest.mark.slow
def test_a_card_of_an_order_that_was_chosen_before_an_answer_does_not_replace_a_newer_one(labelling, open_page):
    page = open_page(labelling.url)
    begin(page, TEXTS, "orders", "one label per text", "sports\ntravel")
    held = hold(page, "ph-label-order", "input")
    page.get_by_label("Next card").click()
    page.get_by_role("option", name="by chance").click()
    until(lambda: page.evaluate("() => true") and held, "the request for a card of the order")
    page.locator("#ph-label-card .ph-label-text").click()
    page.keyboard.press("1")
    expect(said(page)).to_have_text("Saved: sports.")
    newest = page.locator("#ph-label-card .ph-label-text").inner_text()
    for route in held:
        route.continue_()
    settled(page)
    expect(page.locator("#ph-label-card .ph-label-text")).to_have_text(newest)
    expect(said(page)).to_have_text("Saved: sports.")


@pytest.mark.slow
def test_figures_follow_an_answer_that_was_given_before_the_table_was_chosen(labelling, open_page):
    page = open_page(labelling.url)
    begin(page, TEXTS, "figures", "one label per text", "sports\ntravel")
    plot = page.locator("#ph-label-work .js-plotly-plot")  # drawn before its place was seen, and as wide as that
    assert abs(plot.bounding_box()["width"] - plot.locator(".main-svg").first.bounding_box()["width"]) <= 1
    page.keyboard.press("1")
    expect(counts(page)).to_have_text("1 of 6 labelled")
    page.locator("#ph-label-way").get_by_text("Table", exact=True).click()
    expect(page.locator("#ph-label-progress")).to_contain_text("of 1 answers")
