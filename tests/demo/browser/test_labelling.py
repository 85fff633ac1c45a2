"""Labelling sessions on one local page: by keys alone, by touch, with others, and over a crash of the server."""

import json
import re

import pytest
from playwright.sync_api import expect

from tests.demo.browser.labelling import (
    NAMES,
    PAIRED,
    TEXTS,
    answers,
    begin,
    counts,
    said,
    takes_keys,
    violations,
)
from tests.demo.browser.visiting import settled


def test_texts_are_labelled_by_keys_alone_and_the_session_goes_on_after_a_reload(labelling, open_page):
    page = open_page(labelling.url)
    begin(page, TEXTS, "by_keys", "one label per text", "sports: matches\ntravel: trains and hotels")
    text = page.locator("#ph-label-card .ph-label-text")
    first = text.inner_text()
    page.keyboard.press("2")
    expect(said(page)).to_have_text("Saved: travel.")
    expect(counts(page)).to_have_text("1 of 6 labelled")
    assert text.inner_text() != first
    page.keyboard.press("Enter")  # the guess
    expect(counts(page)).to_have_text("2 of 6 labelled")
    page.keyboard.press("s")
    expect(said(page)).to_have_text("Skipped.")
    page.keyboard.press("u")
    expect(said(page)).to_have_text("Taken back.")
    expect(counts(page)).to_have_text("2 of 6 labelled")
    expect(page.locator("#ph-label-card [aria-live]")).to_contain_text("Taken back.")
    page.keyboard.press("Backspace")
    page.keyboard.press("Shift+/")  # not a key of the card
    expect(counts(page)).to_have_text("1 of 6 labelled")

    page.locator("#ph-label-annotator input, #ph-label-annotator textarea").fill("1s")  # a field takes its keys itself
    page.keyboard.press("s")
    settled(page)
    expect(counts(page)).to_have_text("1 of 6 labelled")
    page.locator("#ph-label-annotator input, #ph-label-annotator textarea").fill("")

    page.get_by_role("radio", name="Table").focus()  # leaving the field asks for the card of that name
    settled(page)
    page.get_by_role("radio", name="Table").press("Space")
    expect(page.locator("#ph-label-queue tbody tr")).to_have_count(5)
    page.locator("#ph-label-queue input[type=checkbox]").first.press("Space")
    page.keyboard.press("a")
    expect(page.locator("#ph-label-queue [role=status]")).to_contain_text("4 texts are labelled")
    expect(page.locator("#ph-label-queue tbody tr")).to_have_count(1)

    page.reload(wait_until="domcontentloaded")
    takes_keys(page)
    expect(counts(page)).to_have_text("5 of 6 labelled")
    page.keyboard.press("Enter")
    expect(page.locator("#ph-label-card .ph-label-done")).to_be_visible()
    expect(page.locator("#ph-label-progress")).to_contain_text("of 6 answers")

    page.locator("#ph-label-train").click()
    expect(page.locator("#ph-label-handed")).to_contain_text("by_keys is ticked")
    page.locator("#ph-label-save").click()
    expect(page.locator("#ph-label-handed")).to_contain_text("Saved as by_keys, labelled")
    settled(page)
    page.get_by_role("tab", name="Train").click()
    expect(page.get_by_role("checkbox", name="by_keys")).to_be_checked()
    page.get_by_role("tab", name="Runs").click()
    expect(page.locator("#ph-runs")).to_contain_text("by_keys, labelled")


def test_spans_are_marked_by_keys_alone(labelling, open_page):
    page = open_page(labelling.url)
    begin(page, NAMES[:1], "spans_by_keys", "entities", "PER\nLOC")
    marks = page.locator("#ph-label-card mark")
    words = page.locator("#ph-label-card .ph-word")
    for _ in range(8):  # whatever the model guesses is taken away first
        page.keyboard.press("ArrowLeft")
    for _ in range(words.count()):
        page.keyboard.press("Delete")
        page.keyboard.press("ArrowRight")
    expect(marks).to_have_count(0)
    for _ in range(8):
        page.keyboard.press("ArrowLeft")
    for key in ("Shift+ArrowRight", "1", "ArrowRight", "ArrowRight", "1"):
        page.keyboard.press(key)
    expect(marks).to_have_text(["Ada LovelacePER", "BoPER"])
    page.keyboard.press("2")
    expect(marks).to_have_text(["Ada LovelacePER", "BoLOC"])
    expect(page.locator("#ph-label-card [aria-live]")).to_have_text("Bo: LOC")
    page.locator("#ph-label-card .ph-label-text").evaluate("line => { line.dir = 'rtl'; }")
    page.keyboard.press("ArrowLeft")  # onwards, where a text runs to the left
    expect(words.get_by_text("in", exact=True)).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Enter")
    expect(said(page)).to_have_text("Saved: Ada Lovelace (PER), Bo (LOC).")
    expect(page.locator("#ph-label-card .ph-label-done")).to_be_visible()
    (line,) = answers(labelling, "spans-by-keys")
    assert "Ada" not in json.dumps(line)
    assert json.dumps(line).count("PER") == json.dumps(line).count("LOC") == 1


def test_a_finger_taps_the_first_and_the_last_word_on_a_phone(labelling, open_page):
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    page = open_page(labelling.url, **phone)
    begin(page, NAMES[2:], "by_touch", "entities", "PER\nLOC")
    word = page.locator("#ph-label-card .ph-word")
    for name in ("Siri", "Larsen", "Oslo"):
        word.get_by_text(name, exact=True).tap()
        page.locator("#ph-label-card .ph-label-buttons").get_by_role("button", name="no entity").tap()
    expect(page.locator("#ph-label-card mark")).to_have_count(0)
    word.get_by_text("Siri", exact=True).tap()
    word.get_by_text("Larsen", exact=True).tap()
    page.locator("#ph-label-card .ph-label-buttons").get_by_role("button", name="PER").tap()
    expect(page.locator("#ph-label-card mark")).to_have_text(["Siri LarsenPER"])
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator("#ph-label-card .ph-label-accept").tap()
    expect(said(page)).to_have_text("Saved: Siri Larsen (PER).")


@pytest.mark.slow
def test_several_labels_are_ticked_by_keys_and_saved_by_enter_and_no_state_of_the_tab_is_hard_to_use(
    labelling, open_page
):
    page = open_page(labelling.url, color_scheme="dark")
    begin(page, TEXTS, "several", "several labels per text", "sports\ntravel\nhealth")
    pressed = page.locator("#ph-label-card .ph-label-buttons [aria-pressed=true]")
    for box in pressed.all():
        page.keyboard.press(box.locator("kbd").inner_text())
    for key in ("1", "3", "2", "3"):
        page.keyboard.press(key)
    expect(pressed).to_have_count(2)
    page.keyboard.press("Enter")
    expect(said(page)).to_have_text("Saved: sports, travel.")
    assert not violations(page)
    page.get_by_role("radio", name="Table").check()
    expect(page.locator("#ph-label-queue table")).to_be_visible()
    assert not violations(page)
    page.get_by_role("radio", name="Map").check()
    canvas = page.locator("#ph-label-map .ph-scatter-area canvas")
    expect(canvas).not_to_have_attribute("aria-label", "Map of sentences, empty.")
    canvas.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page.locator("#ph-label-preview")).to_contain_text("1 selected")
    page.locator("#ph-label-lasso input").click()
    page.get_by_role("option", name="health").click()
    expect(page.locator("#ph-label-preview")).to_contain_text("health")
    page.locator("#ph-label-apply").click()
    expect(page.locator("#ph-label-preview")).to_contain_text("1 text is labelled health")
    assert not violations(page)


@pytest.mark.slow
def test_pairs_are_answered_by_keys_alone_up_to_a_task_of_train(labelling, open_page):
    page = open_page(labelling.url, color_scheme="dark")
    begin(page, PAIRED, "meaning", "same meaning or different", "")
    both = page.locator("#ph-label-card").locator(".ph-label-text, .ph-label-second")
    expect(both).to_have_count(2)
    expect(page.locator("#ph-label-card .ph-label-question")).to_contain_text("Do these mean the same? cosine")
    assert set(both.all_inner_texts()) <= set(PAIRED)
    first = both.all_inner_texts()
    page.keyboard.press("1")
    expect(said(page)).to_have_text("Saved: same.")
    assert both.all_inner_texts() != first
    page.keyboard.press("2")
    expect(said(page)).to_have_text("Saved: different.")
    page.keyboard.press("s")
    expect(said(page)).to_have_text("Skipped.")
    page.keyboard.press("u")
    expect(said(page)).to_have_text("Taken back.")
    page.keyboard.press("Enter")  # the guess
    expect(counts(page)).to_contain_text("3 of ")
    expect(page.locator("#ph-label-progress")).to_contain_text("same from a cosine of")
    expect(page.locator("#ph-label-save")).to_be_hidden()
    expect(page.locator("#ph-label-change")).to_be_hidden()
    assert not violations(page)

    page.get_by_role("radio", name="Table").focus()
    page.get_by_role("radio", name="Table").press("Space")
    rows = page.locator("#ph-label-queue tbody tr")
    expect(rows).not_to_have_count(0)
    assert not violations(page)
    ticked = page.locator("#ph-label-queue input[data-number]").count()
    page.keyboard.press("2")
    expect(page.locator("#ph-label-queue [role=status]")).to_contain_text(f"{ticked} pairs are answered")

    page.get_by_role("radio", name="Map").check()
    canvas = page.locator("#ph-label-map .ph-scatter-area canvas")
    expect(canvas).not_to_have_attribute("aria-label", "Map of sentences, empty.")
    canvas.focus()
    for key in ("ArrowRight", "Space", "ArrowRight", "Space"):
        page.keyboard.press(key)
    expect(page.locator("#ph-label-preview")).to_contain_text("selected")
    assert not violations(page)

    page.locator("#ph-label-train").press("Enter")
    expect(page.locator("#ph-label-handed")).to_contain_text("meaning is ticked on the Train tab")
    expect(page.locator("#ph-label-handed")).to_contain_text("different pairs (hard negatives)")
    settled(page)
    page.get_by_role("tab", name="Train").press("Enter")
    expect(page.get_by_role("checkbox", name="meaning")).to_be_checked()
    assert all(len(line["texts"][0]) == 2 for line in answers(labelling, "meaning") if "texts" in line)


@pytest.mark.slow
def test_a_pair_is_stacked_on_a_phone_and_its_texts_are_text(labelling, open_page):
    page = open_page(labelling.url, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    odd = ["<img src=x onerror='window.broken = 1'>", "שלום עולם 👋", "x" * 300]
    begin(page, odd, "stacked", "same meaning or different", "")
    first, second = (page.locator(f"#ph-label-card .ph-label-{name}").bounding_box() for name in ("text", "second"))
    assert second["y"] >= first["y"] + first["height"]
    for answer in ("different", "same", "different"):  # two quick taps on one place would be a double click
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        before = counts(page).inner_text()
        page.locator("#ph-label-card .ph-label-buttons").get_by_role("button", name=answer).tap()
        expect(counts(page)).not_to_have_text(before)
    expect(page.locator("#ph-label-card .ph-label-done")).to_contain_text("Every mined pair is answered")
    assert not page.evaluate("window.broken")


@pytest.mark.slow
def test_labels_are_suggested_from_clusters_changed_and_used(labelling, open_page):
    page = open_page(labelling.url)
    expect(page.locator("#ph-chips")).to_contain_text("topic")
    page.get_by_role("tab", name="Label").press("Enter")
    expect(page.locator("#ph-label-projects")).not_to_be_empty()
    box, names = page.locator("#ph-label-texts textarea"), page.locator("#ph-label-names textarea")
    box.focus()
    page.keyboard.insert_text("\n".join(TEXTS))
    page.locator("#ph-label-suggest").press("Enter")
    expect(page.locator("#ph-label-begin [role=alert]")).to_contain_text("At least 10 different texts")
    box.focus()
    page.keyboard.insert_text("\n".join(["", *PAIRED, *(f"Boil the rice with onions {i}" for i in range(8))]))
    page.locator("#ph-label-suggest").press("Enter")
    expect(names).to_have_value(re.compile(r"\w+: \w+.*\n\w+"))
    expect(page.locator("#ph-label-begin [role=alert]")).to_have_count(0)
    assert not violations(page)
    page.get_by_role("radio", name="same meaning or different").press("Space")
    expect(page.locator("#ph-label-suggest")).to_be_hidden()
    expect(names).to_be_hidden()
    page.get_by_role("radio", name="one label per text").press("Space")
    names.focus()
    page.keyboard.press("Control+Home")
    page.keyboard.insert_text("mine: what I added\n")
    page.locator("#ph-label-task input, #ph-label-task textarea").focus()
    page.keyboard.insert_text("suggested")
    page.locator("#ph-label-start").press("Enter")
    expect(page.locator("#ph-label-card .ph-label-buttons button").first).to_contain_text("mine")


@pytest.mark.slow
def test_two_people_label_one_project_and_see_how_far_they_agree(labelling, open_page):
    ann = open_page(labelling.url)
    texts = [*TEXTS, *(text.replace(".", " again.") for text in TEXTS)]
    begin(ann, texts, "together", "one label per text", "sports\ntravel")
    bo = open_page(ann.url)
    takes_keys(bo)
    expect(counts(bo)).to_have_text("0 of 12 labelled")
    ann.keyboard.press("1")
    expect(counts(ann)).to_have_text("1 of 12 labelled")
    bo.keyboard.press("2")  # both without a name, and so one person
    expect(bo.locator("#ph-label-card [role=alert]")).to_contain_text("in another window, me has answered sports")
    for page, name in ((ann, "Ann"), (bo, "Bo")):
        page.locator("#ph-label-annotator input, #ph-label-annotator textarea").fill(name)
        page.locator("#ph-label-annotator input, #ph-label-annotator textarea").press("Enter")
        page.get_by_role("radio", name="Card").focus()
        settled(page)
        page.locator("#ph-label-order input").click()
        page.get_by_role("option", name="by chance").click()
        settled(page)
        page.locator("#ph-label-card").click(position={"x": 5, "y": 5})
    for number in range(1, 5):
        for page in (ann, bo):
            page.keyboard.press("1")
            expect(counts(page)).to_contain_text(f"{number} of 12 labelled")
    for page in (ann, bo):  # the fifth is one that both are asked
        page.keyboard.press("1")
        expect(counts(page)).to_contain_text("5 of 12 labelled")
    expect(bo.locator("#ph-label-details")).to_contain_text("same answer100 % of")
    kept = [line for line in answers(labelling, "together") if "sports" in json.dumps(line)]
    assert len(kept) == 11


@pytest.mark.slow
def test_nothing_is_lost_when_the_server_is_killed(labelling, visitor):
    page = visitor.new_page()
    page.goto(labelling.url, wait_until="domcontentloaded")
    page.evaluate("window.unanswered = () => []")
    begin(page, TEXTS, "killed", "one label per text", "sports\ntravel")
    page.keyboard.press("1")
    expect(counts(page)).to_have_text("1 of 6 labelled")
    labelling.kill()
    page.keyboard.press("2")
    page.evaluate("document.dispatchEvent(new Event('ph-label-lost'))")
    expect(page.locator("#ph-label-card [role=alert]")).to_contain_text("kept here")
    address = page.url
    page.goto("about:blank")  # Gradio loads the page again by itself when the server is back, at any moment
    labelling.start()
    page.goto(address, wait_until="domcontentloaded")
    expect(said(page)).to_have_text("Saved: travel.")
    expect(counts(page)).to_have_text("2 of 6 labelled")
