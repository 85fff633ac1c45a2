"""No tab has a serious violation that axe can find, in light and in dark."""

import pytest

expect = pytest.importorskip("playwright.sync_api").expect
Axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe

SERIOUS = {"serious", "critical"}
STRUCTURE = {"heading-order"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_violation_on_any_tab(open_page, page_url, scheme):
    page = open_page(page_url, color_scheme=scheme)
    expect(page.locator("#ph-analyze-entities mark").first).to_be_visible(timeout=45_000)
    found = []
    for tab in page.locator("#ph-tabs [role=tab]:visible").all():
        name = tab.inner_text()
        tab.click()
        page.wait_for_timeout(1500)
        found += [
            (name, violation["id"], [node["target"] for node in violation["nodes"]][:3])
            for violation in Axe().run(page).response["violations"]
            if violation["impact"] in SERIOUS or violation["id"] in STRUCTURE
        ]
    assert not found
