"""The Analyze tab and the page around it, as a visitor sees them."""

import json
import re

import pytest
from playwright.sync_api import expect

from tests.demo.browser.visiting import settled

TEXT = "Angela Merkel met engineers of Siemens in Munich"
BOX = "#ph-sentence textarea"
ENTITIES = "#ph-analyze-entities"


def ready(page):
    expect(page.locator(f"{ENTITIES} mark").first).to_be_visible()
    expect(page.locator("#ph-chips")).to_contain_text("entities")


def test_one_sentence_gives_classes_entities_place_and_neighbours_as_one_types(page):
    ready(page)
    page.locator(BOX).fill("")
    expect(page.locator(f"{ENTITIES} .ph-empty")).to_be_visible()
    page.locator(BOX).press_sequentially("Ann Smith saw a rocket start in Florida.", delay=20)
    expect(page.locator(f"{ENTITIES} .ph-text")).to_contain_text("in Florida")
    assert [m.get_attribute("data-type") for m in page.locator(f"{ENTITIES} mark").all()] == ["PER", "LOC"]
    expect(page.locator("#ph-analyze-classes [data-task=topic] .ph-first")).to_contain_text("science")
    expect(page.locator("#ph-place svg .ph-query-point")).to_have_count(1)
    expect(page.locator("#ph-near tbody tr").first).to_contain_text(re.compile("space|rover|orbit", re.I))
    expect(page.locator("#ph-analyze-cost")).to_contain_text(
        re.compile(r"one pass · \d+ tokens · [\d,]+ ms · nothing cut")
    )
    expect(page.locator("[role=status].ph-unseen")).to_contain_text("Ann Smith, PER; Florida, LOC")


def test_what_is_pasted_or_deleted_counts_too(page):
    ready(page)
    page.locator(BOX).fill("Bern")
    expect(page.locator(f"{ENTITIES} .ph-text")).to_have_text(re.compile("^Bern"))
    page.locator(BOX).press("Backspace")
    expect(page.locator(f"{ENTITIES} .ph-text")).to_have_text(re.compile("^Ber(?!n)"))


def test_words_numbers_and_json_are_there_on_request(page, page_url):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=page_url)
    ready(page)
    page.locator(BOX).fill(TEXT)
    expect(page.locator(f"{ENTITIES} .ph-text")).not_to_contain_text("hydrogen")
    page.get_by_role("button", name="Words, sub-words and tags").click()
    expect(page.locator("#ph-words tbody tr")).to_have_count(8)
    expect(page.locator("#ph-words tbody tr").nth(1)).to_contain_text("I-PER")
    page.get_by_role("button", name="Embedding values").click()
    expect(page.locator("#ph-numbers")).to_contain_text("384 numbers")
    page.get_by_role("button", name="Copy JSON").click()
    expect(page.locator("#ph-copied")).to_contain_text("Copied")
    copied = json.loads(page.evaluate("navigator.clipboard.readText()"))
    assert copied["text"] == TEXT
    assert len(copied["embedding"]) == 384


def test_a_mark_and_a_neighbour_can_be_taken_over(page):
    ready(page)
    mark = page.locator("#ph-place path[data-text]").first
    sentence = mark.get_attribute("data-text")
    mark.hover(force=True)
    expect(page.locator(".ph-tip:visible")).to_have_text(sentence)
    mark.click(force=True)
    expect(page.locator(BOX)).to_have_value(sentence)
    expect(page.locator(f"{ENTITIES} .ph-text")).to_contain_text(sentence[:12])
    near = page.locator("#ph-near button").first
    sentence = near.inner_text()
    near.click()
    expect(page.locator(BOX)).to_have_value(sentence)


def test_the_worst_texts_are_shown_as_they_are_and_never_cut_in_silence(page):
    ready(page)
    for text in (
        "<img src=x onerror='window.hacked=1'> Bern </textarea><b>bold</b>",
        "😀" * 200,
        "التقت آنا بتوم في روما",
        "x",
        "word " * 5000,
    ):
        page.locator(BOX).fill(text)
        expect(page.locator(f"{ENTITIES} .ph-text")).to_contain_text(text[:20].strip())
        settled(page)
        assert page.evaluate("window.hacked") is None
        assert page.locator("#ph-analyze-problem [role=alert]").count() == 0
        cost = page.locator("#ph-analyze-cost").inner_text()
        assert "nothing cut" in cost or "cut after character" in cost or "windows" in cost


def test_the_whole_tab_works_by_keyboard_alone(page):
    ready(page)
    focus_on(page, lambda: page.evaluate("document.activeElement.getAttribute('role')") == "tab")
    focus_on(page, lambda: page.evaluate("document.activeElement.tagName") == "TEXTAREA")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("Tom flew to Lima")
    expect(page.locator(f"{ENTITIES} .ph-text")).to_contain_text("Lima")
    focus_on(page, lambda: focused_text(page) == "a tweet")
    page.keyboard.press("Enter")
    expect(page.locator(f"{ENTITIES} .ph-text")).to_contain_text("Serena")
    focus_on(
        page,
        lambda: page.evaluate(
            "!!document.activeElement.closest('#ph-near') && document.activeElement.tagName === 'BUTTON'"
        ),
    )  # noqa: E501
    sentence = focused_text(page)
    page.keyboard.press("Enter")
    expect(page.locator(BOX)).to_have_value(sentence)
    focus_on(page, lambda: focused_text(page).startswith("Words, sub-words"))
    page.keyboard.press("Enter")
    expect(page.locator("#ph-words tbody tr").first).to_be_visible()


def focus_on(page, reached):
    for _ in range(60):
        page.keyboard.press("Tab")
        if reached():
            return
    pytest.fail("the Tab key does not get there")


def focused_text(page):
    return page.evaluate("document.activeElement.innerText || ''").strip()


@pytest.mark.slow
def test_a_link_brings_back_tab_model_and_sentence(open_page, page_url):
    page = open_page(f"{page_url}/?tab=entities&model=backbone&sentence=Bern%20is%20a%20city")
    expect(page.get_by_role("tab", name="Entities")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#ph-entity-text textarea")).to_have_value("Bern is a city")
    expect(page.locator("#ph-chips")).to_contain_text("embeddings only")
    page.get_by_role("tab", name="Analyze").click()
    expect(page.locator(BOX)).to_have_value("Bern is a city")
    expect(page.locator(ENTITIES)).to_contain_text("no tagging head")


def test_the_address_keeps_tab_and_sentence(page):
    ready(page)
    page.wait_for_function("window.phOpened")
    page.locator(BOX).click()
    page.locator(BOX).fill("Rome & Bern")
    page.wait_for_function("new URL(location.href).searchParams.get('sentence') === 'Rome & Bern'")
    page.get_by_role("tab", name="Guide").click()
    page.wait_for_function("new URL(location.href).searchParams.get('tab') === 'guide'")
    page.reload(wait_until="domcontentloaded")
    expect(page.get_by_role("tab", name="Guide")).to_have_attribute("aria-selected", "true")
    page.get_by_role("tab", name="Analyze").click()
    expect(page.locator(BOX)).to_have_value("Rome & Bern")


def test_nothing_moves_when_an_answer_arrives(page):
    ready(page)
    settled(page)
    places = "[...document.querySelectorAll('#ph-analyze-entities, #ph-place, #ph-near')].map(e => e.offsetTop)"
    before = page.evaluate(places)
    page.locator(BOX).fill("Tom Li works in Rome")
    expect(page.locator(f"{ENTITIES} .ph-text")).to_contain_text("Rome")
    assert page.evaluate(places) == before


@pytest.mark.slow
def test_every_page_of_the_guide_opens_and_its_examples_run(page):
    ready(page)
    page.get_by_role("tab", name="Guide").click()
    runs = {
        "Pooling": ("Compare poolings", "#ph-guide-poolings tbody tr", 6),
        "One encoder, many heads": ("Run all heads", "#ph-guide-heads tbody tr", 4),
        "Choosing a backbone": ("Tokenize", "#ph-guide-pieces tbody tr", 6),
        "Labelling": ("Compare with the labels", "#ph-guide-labels tbody tr", 3),
    }
    for title, (button, rows, count) in runs.items():
        page.locator("#ph-guide-pages").get_by_text(title, exact=True).click()
        page.get_by_role("button", name=button).click()
        expect(page.locator(rows)).to_have_count(count)
    page.locator("#ph-guide-pages").get_by_text("Freezing", exact=True).click()
    expect(page.get_by_role("heading", name="Freezing")).to_be_visible()
    page.locator("#ph-guide-pages").get_by_text("Losses and sampling", exact=True).click()
    page.get_by_label("Batches of task 3").fill("400")
    expect(page.locator("#ph-guide-shares")).to_contain_text("42%")
    page.locator("#ph-guide-pages").get_by_text("Metrics and forgetting", exact=True).click()
    page.get_by_role("button", name="Measure drift").click()
    expect(page.locator("#ph-guide-drift")).to_contain_text(re.compile(r"drift 0\.\d+"))


@pytest.mark.slow
def test_the_examples_of_the_guide_take_the_worst_texts(page):
    ready(page)
    page.get_by_role("tab", name="Guide").click()
    page.locator("#ph-guide-pages").get_by_text("Choosing a backbone", exact=True).click()
    sentence, cut = page.get_by_label("A sentence from your domain"), page.get_by_role("button", name="Tokenize")
    sentence.fill("👋🏽 <img src=x onerror='window.hacked=1'> " + "x" * 20_000)
    cut.click()
    expect(page.locator("#ph-guide-pieces")).to_contain_text("onerror")
    assert page.evaluate("window.hacked") is None
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    sentence.fill("  ")
    cut.click()
    expect(page.locator("[role=alert]")).to_contain_text("Type")
    expect(page.locator("#ph-guide-pieces")).to_contain_text("onerror")


TABS_AT = "document.querySelector('#ph-tabs').getBoundingClientRect().y"
SHIFT = """() => new Promise(done => new PerformanceObserver(list => done(
  list.getEntries().reduce((sum, entry) => sum + (entry.hadRecentInput ? 0 : entry.value), 0)
)).observe({type: 'layout-shift', buffered: true}))"""


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_keeps_its_place_while_it_opens(open_page, page_url, width):
    page = open_page(page_url, viewport={"width": width, "height": 844})
    ready(page)
    settled(page)
    assert page.evaluate(SHIFT) < 0.1
    # Tabs that come before the header leave it room.
    place = page.evaluate(TABS_AT)
    page.evaluate("document.querySelector('#ph-header').remove()")
    assert abs(page.evaluate(TABS_AT) - place) < 4
