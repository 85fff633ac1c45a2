"""Answers that come late: a page in this process, whose model answers when it is told to."""

import re
from threading import Event

import pytest
from playwright.sync_api import expect

from demo.tabs.embeddings import steps
from demo.views.maps.selection import selection_table
from tests.demo.browser.visiting import hold, intercept, settled
from tests.demo.fakes import FakeModel
from tests.waiting import CEILING, until


class SlowModel(FakeModel):
    """Texts that begin with `old` wait."""

    def __init__(self):
        self.released, self.answered = Event(), Event()

    def analyze(self, sentences):
        if sentences[0].startswith("old"):
            self.released.wait(CEILING)
            self.answered.set()
        return super().analyze(sentences)


@pytest.mark.parametrize(
    ("tab", "box", "button", "result"),
    [
        ("Classes", "#ph-class-text", "Classify", "#ph-classes"),
        ("Entities", "#ph-entity-text", "Find entities", "#ph-entities"),
    ],
)
def test_a_late_answer_to_an_old_text_does_not_replace_the_answer_to_a_new_one(
    serve, open_page, tab, box, button, result
):
    model = SlowModel()
    page = open_page(serve(model))
    page.get_by_role("tab", name=tab).click()
    expect(page.locator(f"{result} .ph-empty")).to_have_count(0)
    for text in ("old text\nold too", "new text\nnew too"):
        page.locator(f"{box} textarea").fill(text)
        page.get_by_role("button", name=button).click()
    expect(page.locator(result)).to_contain_text("new text")
    model.released.set()
    assert model.answered.wait(CEILING)
    settled(page)
    expect(page.locator(result)).to_contain_text("new text")


# The handlers that fill the choice of a run: the one that restores it comes first.
RESTORES = """() => {
  const { components, dependencies } = window.gradio_config;
  const choice = components.find(c => c.props.elem_id === "ph-run-picker").id;
  return dependencies.filter(d => d.outputs.includes(choice) && d.backend_fn).map(d => d.id);
}"""


@pytest.mark.slow
def test_the_form_takes_nothing_before_what_the_page_remembers_is_back(serve, open_page):
    page = open_page(serve(FakeModel()))
    expect(page.locator("#ph-chips")).to_be_visible()
    restoring = set(page.evaluate(RESTORES))
    held = []

    def hold(route):
        asked = (route.request.post_data_json or {}).get("fn_index")
        held.append(route) if asked in restoring else route.continue_()

    intercept(page, "**/gradio_api/**", hold)
    page.reload(wait_until="domcontentloaded")
    page.get_by_role("tab", name="Train").click()
    expect(page.locator(".ph-restoring")).to_be_visible()
    until(lambda: page.evaluate("() => true") and held, "the request for what the page remembers")
    expect(page.locator(".ph-restoring")).to_be_visible()
    for route in held:
        route.continue_()
    expect(page.locator(".ph-restoring")).to_have_count(0)


@pytest.mark.slow
def test_a_late_answer_to_a_selection_does_not_replace_that_to_a_newer_one(serve, open_page, monkeypatch):
    released, asked, answered = Event(), [], []

    def slowly(embedded, rows):
        asked.append(rows)
        if not rows:
            released.wait(CEILING)
        answered.append(rows)
        return selection_table(embedded, rows)

    monkeypatch.setattr(steps, "selection_table", slowly)
    page = open_page(serve(FakeModel()))
    page.get_by_role("tab", name="Embeddings").click()
    canvas = page.locator("#ph-map .ph-scatter-area canvas")
    expect(canvas).to_have_attribute("aria-label", re.compile("Arrow keys"))
    settled(page)
    canvas.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page.locator("#ph-selection")).to_contain_text("1 selected")
    page.keyboard.press("Space")
    until(lambda: page.evaluate("() => true") and [] in asked, "the request for no selection")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Space")
    until(lambda: page.evaluate("() => true") and len(answered) == 2, "the answer to the last selection")
    released.set()
    until(lambda: page.evaluate("() => true") and [] in answered, "the late answer")
    settled(page)
    expect(page.locator("#ph-selection")).to_contain_text("1 selected")


def test_a_press_is_answered_that_comes_while_one_in_another_row_is_being_answered(serve, open_page):
    page = open_page(serve(FakeModel()))
    page.get_by_role("tab", name="Classes").click()
    expect(page.locator("#ph-classes .ph-empty")).to_have_count(0)
    page.locator("#ph-class-text textarea").fill("one\ntwo")
    page.get_by_role("button", name="Classify").click()
    expect(page.locator("#ph-classes select")).to_have_count(2)
    held = hold(page, "ph-classes", "correct")
    for row in range(2):
        page.locator(f"#ph-classes select[data-row='{row}']").select_option("travel")
        until(lambda row=row: page.evaluate("true") and len(held) > row, "a request for each row")
    for route in held:
        route.continue_()
    expect(page.locator("#ph-kept-classification")).to_contain_text("one")
    expect(page.locator("#ph-kept-classification")).to_contain_text("two")


@pytest.mark.slow
def test_of_choices_that_come_while_one_is_being_answered_the_last_one_counts(serve, open_page, tmp_path):
    page = open_page(serve(FakeModel()))
    page.get_by_role("tab", name="Classes").click()
    expect(page.locator("#ph-classes .ph-empty")).to_have_count(0)
    (table := tmp_path / "columns.csv").write_text("first,second,third\na,b,c\n", encoding="utf-8")
    with page.expect_file_chooser() as chooser:
        page.locator("#ph-class-text-file").click()
    chooser.value.set_files(table)
    choice = page.locator("#ph-class-text-column-0 input")
    expect(choice).to_be_visible()
    held = hold(page, "ph-class-text-column-0", "input")
    for column in ("second", "third"):
        choice.click()
        page.get_by_role("option", name=column).click()
        until(lambda: page.evaluate("true") and held, "the first choice")
    asked = []

    def goes_on() -> bool:
        page.evaluate("true")
        while held:
            asked.append(held[0].request.post_data_json["data"])
            held.pop(0).continue_()
        return "third" in asked[-1]

    until(goes_on, "the last choice")
    assert "second" in asked[0]
    settled(page)
