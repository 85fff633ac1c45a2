"""No tab has a serious violation that axe can find, in light and in dark."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.demo.browser.visiting import open_tab, settled
from tests.tiers import slow_except

SERIOUS = {"serious", "critical"}
STRUCTURE = {"heading-order"}


@pytest.mark.parametrize("scheme", slow_except(["light", "dark"], "light"))
def test_axe_finds_no_serious_violation_on_any_tab(open_page, page_url, scheme):
    page = open_page(page_url, color_scheme=scheme)
    expect(page.locator("#ph-analyze-entities mark").first).to_be_visible()
    found = []
    for name in page.locator("#ph-tabs [role=tab]:visible").all_inner_texts():
        open_tab(page, name)
        if name != "Train":  # where a plan is measured for a while
            settled(page)
            expect(page.locator(".empty:visible")).to_have_count(0)  # what Gradio shows until a figure is drawn
        found += [
            (name, violation["id"], [node["target"] for node in violation["nodes"]][:3])
            for violation in Axe().run(page).response["violations"]
            if violation["impact"] in SERIOUS or violation["id"] in STRUCTURE
        ]
    assert not found
