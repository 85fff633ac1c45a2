"""Classes and Entities corrected in place, measured beside the answers of a file, and one head trained alone."""

import re

import pytest
from playwright.sync_api import expect

from mtl.checkpoint.store import load
from mtl.inference.source import STARTER_FOLDER
from tests.demo.browser.visiting import open_tab, settled

TEXTS = {
    "The Beatles beat Paris in the cup, said Jordan.": [((0, 1), "ORG"), ((3, 3), "ORG"), ((9, 9), "PER")],
    "We met Siri Larsen at Café Berlin near the Rhine Bridge.": [((5, 6), "ORG")],
    "My neighbour May drives a Tesla to Reading each April.": [((2, 2), "PER"), ((5, 5), "ORG"), ((7, 7), "LOC")],
}
RIGHT = ["The Beatles", "Paris", "Jordan", "Siri Larsen", "Café Berlin", "Rhine Bridge", "May", "Tesla", "Reading"]
KINDS = ["ORG", "ORG", "PER", "PER", "ORG", "LOC", "PER", "ORG", "LOC"]


def ask(page, tab, button, text):
    """Let the answer to a text stand on a tab, and no other be still to come: that would close an open editor."""
    expect(page.locator("#ph-chips")).to_contain_text("entities")
    open_tab(page, tab)
    settled(page)
    page.locator("#ph-class-text textarea, #ph-entity-text textarea").locator("visible=true").fill(text)
    page.get_by_role("button", name=button).click()
    settled(page)


def upload(page, file):
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload a file").locator("visible=true").click()
    chooser.value.set_files(file)


def spans(page):
    marks = page.locator("#ph-entities mark")
    texts = [re.sub(r"\s*(PER|ORG|LOC)$", "", text) for text in marks.all_inner_texts()]
    return texts, [mark.get_attribute("data-type") for mark in marks.all()]


@pytest.mark.slow
def test_three_corrected_texts_are_right_after_the_tagging_head_trained_alone(page, tmp_path_factory):
    ask(page, "Entities", "Find entities", "\n".join(TEXTS))
    expect(page.locator("#ph-entities .ph-text")).to_have_count(3)
    assert spans(page) != (RIGHT, KINDS)
    editor = page.locator("#ph-editor")
    for row, fixes in enumerate(TEXTS.values()):
        page.get_by_role("button", name=f"Correct entities of text {row + 1}").click()
        expect(editor.get_by_role("heading")).to_have_text(f"Correct entities, text {row + 1}")
        for (first, last), kind in fixes:
            editor.locator(".ph-word").nth(first).click()
            editor.locator(".ph-word").nth(last).click(modifiers=["Shift"])
            editor.get_by_role("button", name=kind, exact=True).click()
        editor.get_by_role("button", name="Save as a training example").click()
        expect(page.locator("#ph-kept-tagging li")).to_have_count(row + 1)

    page.get_by_role("button", name="Retrain entities only").click()
    expect(page.locator("#ph-retrain-tagging")).to_contain_text("3 of 3 corrected texts are now correct")
    page.get_by_role("button", name="Use the retrained model").click()
    expect(page.locator("#ph-entities mark")).to_have_count(len(RIGHT))
    assert spans(page) == (RIGHT, KINDS)

    newest = max(tmp_path_factory.getbasetemp().glob("page*/runs/*/best"), key=lambda path: path.stat().st_mtime)
    before, after = (load(folder).model.state_dict() for folder in (STARTER_FOLDER, newest))
    changed = {name for name, tensor in before.items() if not tensor.equal(after[name])}
    assert changed
    assert all(name.startswith("heads.entities.") for name in changed)


@pytest.mark.slow
def test_spans_are_corrected_by_keys_alone_and_kept_over_a_reload(page):
    ask(page, "Entities", "Find entities", "Ada met Bo in Ulm.")
    page.get_by_role("button", name="Correct entities of text 1").press("Enter")
    expect(page.locator("#ph-editor .ph-word").first).to_be_focused()
    for key in ("Delete", "ArrowRight", "ArrowRight", "3"):
        page.keyboard.press(key)
    assert page.locator("#ph-editor mark").all_inner_texts()[0].startswith("Bo")
    page.get_by_role("button", name="Save as a training example").press("Enter")
    expect(page.locator("#ph-kept-tagging li")).to_contain_text("Bo PER")
    page.reload(wait_until="domcontentloaded")
    ask(page, "Entities", "Find entities", "Something else.")
    expect(page.locator("#ph-kept-tagging li")).to_contain_text("Ada met Bo in Ulm.")
    page.get_by_role("button", name="Delete the correction").click()
    expect(page.locator("#ph-kept-tagging li")).to_have_count(0)


def test_a_file_with_labels_is_measured_and_a_class_corrected(page, tmp_path):
    ask(page, "Classes", "Classify", "A first text.")
    file = tmp_path / "topics.csv"
    file.write_text(
        "text,label\nThe minister resigned after the vote.,politics\nA striker scored twice.,sports\n"
        "Diesel trains stop.,sports\n"
    )
    upload(page, file)
    report = page.locator("#ph-class-report")
    expect(report.locator(".ph-confusion")).to_be_visible()
    expect(report.locator(".ph-measures")).to_contain_text("accuracy0.667")
    page.get_by_label("topic of text 3").select_option("travel")
    expect(page.locator("#ph-kept-classification li")).to_contain_text("Diesel trains stop.")


def test_a_file_whose_labels_no_head_knows_says_what_was_expected(page, tmp_path):
    ask(page, "Classes", "Classify", "A first text.")
    file = tmp_path / "moods.csv"
    file.write_text("text,label\none,glad\ntwo,sad\n")
    upload(page, file)
    expect(page.locator("[role=alert]")).to_contain_text("were glad, sad")


def test_entities_of_a_conll_file_are_measured(page, tmp_path):
    ask(page, "Entities", "Find entities", "A first text.")
    file = tmp_path / "gold.conll"
    file.write_text("Anna\tB-PER\nKeller\tI-PER\nworks\tO\nin\tO\nOslo\tB-LOC\n.\tO\n\nParis\tB-ORG\nwon\tO\n.\tO\n")
    upload(page, file)
    expect(page.locator("#ph-entity-report .ph-measures")).to_contain_text("texts with errors1")
