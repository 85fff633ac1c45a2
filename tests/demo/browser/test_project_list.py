"""The script of the list of projects: a project in the address is asked for until it is shown, and not longer."""

import pytest
from playwright.sync_api import Page

from demo.views.labelling.projects import PRESSES

ADDRESS = "http://127.0.0.1:9/?tab=label&project=mine"
LIST = """<div id="ph-label-problem"></div>
<div id="list"><button data-open="other">other</button><button data-delete="other">Delete</button></div>"""
MOUNT = """script => {
  window.asked = [];
  const trigger = (name, data) => window.asked.push(`${name} ${data.project}`);
  new Function('element', 'props', 'watch', 'trigger', script)(
    document.querySelector('#list'), {value: 'a list'}, () => {}, trigger);
}"""
CHANGES = {
    "nothing": "() => {}",
    "it is shown": "() => { document.querySelector('#list').hidden = true }",
    "it is refused": "() => { document.querySelector('#ph-label-problem').innerHTML = '<p role=alert>gone</p>' }",
    "the list is gone": "() => { document.querySelector('#list').remove() }",
    "another is opened": "() => { document.querySelector('[data-open]').click() }",
    "one is deleted": "() => { document.querySelector('[data-delete]').click() }",
}


@pytest.fixture
def page(visitor) -> Page:
    made = visitor.new_page()
    made.route("**/*", lambda route: route.fulfill(body=LIST, content_type="text/html"))
    made.clock.install()
    return made


@pytest.mark.parametrize("change", CHANGES)
def test_a_project_of_a_link_is_asked_for_again_only_while_nobody_has_chosen_and_it_is_not_there(
    page: Page, change: str
):
    page.goto(ADDRESS)
    page.evaluate(MOUNT, PRESSES)
    assert page.evaluate("asked") == ["open mine"]
    page.evaluate(CHANGES[change])
    page.clock.run_for(60_000)
    again = [one for one in page.evaluate("asked") if one == "open mine"]
    assert len(again) == (16 if change == "nothing" else 1)  # every four seconds


def test_a_project_is_not_asked_for_again_while_an_answer_is_on_its_way_or_has_just_come(page: Page):
    page.goto(ADDRESS)
    page.evaluate("window.waiting = 1; window.phUnanswered = () => window.waiting")
    page.evaluate(MOUNT, PRESSES)
    page.clock.run_for(60_000)
    assert page.evaluate("asked") == ["open mine"]
    page.evaluate("window.waiting = 0")
    page.clock.run_for(2_000)
    assert page.evaluate("asked") == ["open mine"]
    page.clock.run_for(2_000)
    assert page.evaluate("asked") == ["open mine", "open mine"]


def test_a_list_that_comes_late_asks_too(page: Page):
    page.goto(ADDRESS)
    page.evaluate("window.phOpened = true")  # the page writes its address by now
    page.evaluate(MOUNT, PRESSES)
    assert page.evaluate("asked") == ["open mine"]


@pytest.mark.parametrize("before", ["window.phFirstProject = ''", "history.replaceState(null, '', '/')"])
def test_without_a_project_in_the_address_or_after_a_card_has_come_nothing_is_asked(page: Page, before: str):
    page.goto(ADDRESS)
    page.evaluate(before)
    page.evaluate(MOUNT, PRESSES)
    page.clock.run_for(60_000)
    assert page.evaluate("asked") == []
