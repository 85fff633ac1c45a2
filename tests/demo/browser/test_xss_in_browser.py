"""What visitors type and upload runs nothing in a browser: no dialog opens, and no other host is asked."""

import csv

from playwright.sync_api import expect

from tests.demo.browser.visiting import open_tab, settled
from tests.hardening.payloads import PAYLOADS

TEXTS = [text for name, text in PAYLOADS.items() if name not in ("long", "unusual", "table")]


def test_texts_columns_labels_and_names_of_a_visitor_run_nothing(open_page, page_url, tmp_path):
    page = open_page(page_url)  # which fails for any request to another host
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    file = tmp_path / "<img src=x onerror=alert(1)>.csv"
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(["text", "label", "<svg onload=alert(1)>"])
        writer.writerows([text, label, text] for text in TEXTS for label in (TEXTS[0], TEXTS[1]))
    open_tab(page, "Analyze")
    for text in TEXTS[::2]:
        page.locator("#ph-sentence textarea").fill(text)
        settled(page)
    for name, label, button in (
        ("Embeddings", "Sentences, one per line", "Embed"),
        ("Classes", "Texts to classify, one per line", "Classify"),
        ("Entities", "Texts to tag, one per line", "Find entities"),
    ):
        open_tab(page, name)
        page.get_by_label(label).fill("\n".join(TEXTS))
        page.get_by_role("button", name=button, exact=True).click()
        settled(page)
    open_tab(page, "Classes")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload a file").locator("visible=true").click()
    chooser.value.set_files(file)
    settled(page)
    open_tab(page, "Train")
    page.locator("#ph-add-task > button").click()
    page.get_by_label("Task name").fill("<b onclick=alert(1)>")
    page.locator("#ph-train-file input[type=file]").set_input_files(file)
    expect(page.locator("#ph-preview table")).to_be_visible()
    page.get_by_role("button", name="Check and add").click()
    settled(page)
    page.get_by_label("Task name").fill("strange")
    page.get_by_role("button", name="Check and add").click()
    expect(page.locator("#ph-data [data-task=strange]")).to_be_visible()
    for name in ("Runs", "Guide"):
        open_tab(page, name)
    assert dialogs == []
    assert page.evaluate("document.querySelectorAll('[onerror], [onload], [onclick], [ontoggle], iframe').length") == 0
