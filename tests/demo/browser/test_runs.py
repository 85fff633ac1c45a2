"""The Runs tab as a visitor uses it; and both tabs by axe and on a phone."""

import zipfile

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from sentence_transformers import SentenceTransformer

from mtl import Engine
from tests.demo.browser.visiting import open_tab, settled
from tests.demo.trainer import (
    EXAMPLES,
    finished_run,
    is_planned,
    newest_run,
    start,
    visit,
    watched_run,
)
from tests.tiny import EXACT


def test_a_run_is_opened_laid_over_measured_renamed_taken_away_and_deleted(visitor, trainer, tmp_path):
    other = finished_run(visitor, trainer)
    page = visit(visitor, trainer, "Train")
    if page.locator("#ph-run-picker input").input_value() != "New run":
        page.get_by_label("Run", exact=True).click()
        page.get_by_role("option", name="New run").click()
    card = start(page, Epochs="2", Tokens_per_batch="2048")
    expect(card).to_have_attribute("data-state", "finished")
    run = newest_run(trainer)

    page.get_by_role("button", name="Before and after").click()
    page.get_by_role("button", name="Show before and after").click()
    expect(page.locator("#ph-change-line")).to_contain_text("drift 0.000")
    expect(page.locator("#ph-change-table tbody tr")).to_have_count(8)

    expect(page.locator(f"#ph-runs [data-tick='{run.name}']")).to_have_attribute("aria-checked", "true")
    page.locator(f"#ph-runs [data-tick='{other}']").click()
    expect(page.locator("#ph-overlay-settings")).to_contain_text("budget.epochs")
    expect(page.locator("#ph-overlay-table")).to_contain_text("topic accuracy")
    expect(page.locator("#ph-overlay-metrics .legendtext")).to_have_count(2)

    page.locator("#ph-evaluate-fold > button").click()
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("text\na\n")
    upload = page.locator("#ph-evaluate-file input[type=file]")
    upload.set_input_files(wrong)
    page.locator("#ph-evaluate").click()
    expect(page.locator("#ph-evaluate-problem [role=alert]")).to_contain_text("wrong.csv:1: ")
    page.locator("#ph-evaluate-file").get_by_label("Clear").click()
    unknown = tmp_path / "unknown.csv"
    unknown.write_text("text,topic\na,<b>new</b>\n")
    upload.set_input_files(unknown)
    page.locator("#ph-evaluate").click()
    expect(page.locator("#ph-evaluate-result")).to_contain_text("labels that the model lacks")
    expect(page.locator("#ph-evaluate-result")).to_contain_text("<b>new</b> (1)")
    expect(page.locator("#ph-evaluate-problem [role=alert]")).to_have_count(0)
    page.locator("#ph-evaluate-file").get_by_label("Clear").click()
    page.locator("#ph-evaluate-file input[type=file]").set_input_files(EXAMPLES / "topic" / "dev.csv")
    page.locator("#ph-evaluate").click()
    expect(page.locator("#ph-evaluate-result")).to_contain_text("macro f1")
    for figure in ("reliability", "risk"):
        expect(
            page.locator(f"#ph-evaluate-{figure} .scatterlayer path.js-line").first
        ).to_be_attached()  # a flat line has no height

    with page.expect_download() as download:
        page.locator("#ph-detail-download").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert {"recipe.yaml", "events.jsonl", "checkpoint/model.safetensors"} <= set(archive.namelist())

    page.locator("#ph-rename-fold > button").click()
    page.locator("#ph-run-name input, #ph-run-name textarea").fill("quick <i>one")
    page.locator("#ph-rename").click()
    expect(page.locator(f"#ph-runs [data-open='{run.name}']")).to_contain_text("quick <i>one")
    page.locator("#ph-detail-use").click()
    expect(page.locator("#ph-chips")).not_to_contain_text("sentiment")

    page.locator(f"#ph-runs [data-open='{other}']").click()
    expect(page.locator("#ph-run-detail-card")).not_to_contain_text("quick")
    page.locator("#ph-delete").click()
    page.locator("#ph-keep").click()
    assert (run.parent / other).is_dir()
    page.locator("#ph-delete").click()
    page.locator("#ph-delete-now").click()
    expect(page.locator(f"#ph-runs [data-open='{other}']")).to_have_count(0)
    assert not (run.parent / other).exists()


@pytest.mark.slow
def test_a_model_is_exported_for_another_tool(visitor, trainer, tmp_path):
    run = finished_run(visitor, trainer)
    page = visit(visitor, trainer, "Runs")
    page.locator(f"#ph-runs [data-open='{run}']").click()
    page.locator("#ph-export-fold > button").click()
    page.locator("#ph-export-format input").click()
    page.get_by_role("option", name="sentence-transformers").click()
    with page.expect_download() as download:
        page.locator("#ph-export-go").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        archive.extractall(tmp_path)
    (folder,) = tmp_path.iterdir()
    expect(page.locator("#ph-export-line")).to_contain_text("reads the embedding alone")
    text = ["Anna met Tom in Paris."]
    found = SentenceTransformer(str(folder), device="cpu").encode(text)
    np.testing.assert_allclose(found, Engine.load(folder, **EXACT).encode(text), rtol=0, atol=1e-5)


@pytest.mark.slow
def test_the_form_behind_a_watched_run_has_empty_numbers_too(profile, visitor, trainer):
    watched_run(visitor, trainer)
    state = visitor.storage_state()
    for origin in state["origins"]:
        origin["localStorage"] = [item for item in origin["localStorage"] if item["name"] != "polyhead-form"]
    forgetful = profile(storage_state=state)
    page = visit(forgetful, trainer, "Train")
    expect(page.locator("#ph-run section")).to_be_visible()
    page.get_by_label("Run", exact=True).click()
    page.get_by_role("option", name="New run").click()
    is_planned(page)
    numbers = page.locator(".ph-rates").get_by_role("textbox")
    assert [number.input_value() for number in numbers.all()] == [""] * 5


@pytest.mark.slow
def test_strategies_are_compared_in_one_click(visitor, trainer):
    run = finished_run(visitor, trainer)
    page = visit(visitor, trainer, "Runs")
    page.locator(f"#ph-runs [data-open='{run}']").click()
    page.locator("#ph-compare-fold > button").click()
    for name in ("last 2 layers", "full"):
        page.locator("#ph-strategies").get_by_label(name).uncheck()
    page.locator("#ph-compare").click()
    expect(page.locator("#ph-detail-problem [role=alert]")).to_contain_text("Select at least two strategies")
    page.locator("#ph-strategies").get_by_label("last layer", exact=True).check()
    page.locator("#ph-compare").click()
    rows = page.locator("#ph-compared tbody tr")
    expect(rows).to_have_count(2)
    assert [row.locator("td").first.inner_text() for row in rows.all()] == ["heads_only", "last_layers:1"]
    expect(page.locator("#ph-overlay-metrics .legendtext")).to_have_count(2)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_train_and_runs(profile, trainer, scheme):
    axe = Axe()
    made = profile(color_scheme=scheme)
    run = finished_run(made, trainer)
    page = visit(made, trainer, "Train")
    if page.locator("#ph-run-picker input").input_value() != "New run":
        page.get_by_label("Run", exact=True).click()
        page.get_by_role("option", name="New run").click()
    expect(page.locator("#ph-plan")).to_be_visible()
    found = {"the form": _serious(axe, page)}
    page.goto(f"{trainer.url}/?run={run}", wait_until="domcontentloaded")
    page.get_by_role("tab", name="Train").click()
    expect(page.locator("#ph-metric-table table")).to_be_visible()
    for figure in ("#ph-loss", "#ph-metrics", "#ph-moved"):
        expect(page.locator(f"{figure} .js-plotly-plot")).to_be_visible()
    found["the monitor"] = _serious(axe, page)
    page.get_by_role("tab", name="Runs").click()
    page.locator("#ph-runs [data-open]").first.click()
    expect(page.locator("#ph-run-detail")).to_be_visible()
    settled(page)
    found["the runs"] = _serious(axe, page)
    assert not any(found.values()), found


def _serious(axe, page):
    violations = axe.run(page).response["violations"]
    return [
        (found["id"], found["nodes"][0]["html"][:200])
        for found in violations
        if found["impact"] in ("serious", "critical")
    ]


@pytest.mark.slow
def test_train_and_runs_fit_a_phone(profile, trainer):
    made = profile(viewport={"width": 390, "height": 800})
    page = visit(made, trainer, "Train")
    for name in ("Train", "Runs"):
        open_tab(page, name)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
