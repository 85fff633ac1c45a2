"""The Train and Runs tabs as a visitor uses them, on a page of their own that trains without limits."""

import json
import os
import re
import subprocess
import sys
import time
import zipfile

import pytest

expect = pytest.importorskip("playwright.sync_api").expect

from tests.demo.conftest import ROOT, _free_port, _wait  # noqa: E402

SLOW = 45_000
RUN = 240_000
EXAMPLES = ROOT / "examples"


class Server:
    """`app.py` that can be ended and started again on the same port and home."""

    def __init__(self, home) -> None:
        self.home, self.port = home, _free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        log = self.home / "app.log"
        with log.open("ab") as output:
            self.app = subprocess.Popen(
                [sys.executable, "app.py", "--port", str(self.port)],
                cwd=ROOT,
                env={**os.environ, "MTL_HOME": str(self.home), "HF_HUB_OFFLINE": "1"},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        _wait(self.url, self.app, log)

    def stop(self) -> None:
        self.app.terminate()
        self.app.wait(timeout=20)


@pytest.fixture(scope="module")
def server(browser, tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("training"))
    running.start()
    yield running
    running.stop()


@pytest.fixture
def context(browser):
    made = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    yield made
    made.close()


def visit(context, server, tab):
    page = context.new_page()
    page.goto(server.url, wait_until="domcontentloaded")
    expect(page.locator("#ph-chips")).to_contain_text("entities", timeout=SLOW)
    page.get_by_role("tab", name=tab).click()
    return page


def is_planned(page):
    expect(page.locator("#ph-plan section")).to_have_attribute("data-state", "measured", timeout=RUN)


def start(page, **fields):
    for label, value in fields.items():
        page.get_by_label(label.replace("_", " "), exact=True).fill(value)
    expect(page.locator("#ph-plan section")).to_have_attribute("data-state", re.compile("waiting|measured"))
    page.get_by_role("button", name="Start training").click()
    card = page.locator("#ph-run section")
    expect(card).to_have_attribute("data-state", re.compile("running|finished"), timeout=SLOW)
    return card


def newest_run(server):
    return max((server.home / "runs").iterdir(), key=lambda folder: folder.name)


def written_steps(server):
    lines = (newest_run(server) / "events.jsonl").read_text().splitlines()
    return [event["step"] for event in map(json.loads, lines) if event["kind"] == "step"]


# The bold line of a task and the faint one behind it hold the same steps.
STEPS = (
    "() => { const plot = document.querySelector('#ph-loss .js-plotly-plot');"
    " if (!plot || !plot._fullData) return [];"
    " const all = new Set(); for (const t of plot._fullData) for (const x of (t.x || [])) all.add(x);"
    " return [...all].sort((a, b) => a - b) }"
)


def wait_for_step(page, step):
    page.wait_for_function(
        f"n => {{ const s = ({STEPS})(); return s.length && s[s.length - 1] >= n }}", arg=step, timeout=RUN
    )
    return page.evaluate(STEPS)


def reach(page, target, *, back=False):
    """Press Tab until the element has the focus."""
    for _ in range(150):
        if target.evaluate("e => e === document.activeElement || e.contains(document.activeElement)"):
            return
        page.keyboard.press("Shift+Tab" if back else "Tab")
    pytest.fail(f"{target} cannot be reached with the Tab key")


def test_train_works_by_keyboard_alone_and_a_press_moves_the_boundary(context, server):
    page = visit(context, server, "Train")
    is_planned(page)
    page.get_by_role("tab", name="Train").focus()
    reach(page, page.locator("#ph-tasks").get_by_label("sentiment"))
    page.keyboard.press("Space")
    expect(page.locator("#ph-data [data-task=sentiment]")).to_be_visible(timeout=SLOW)
    layer = page.locator("#ph-stack [data-block='layer:5']")
    reach(page, layer)
    page.keyboard.press("Enter")
    expect(layer).to_have_attribute("aria-pressed", "true", timeout=SLOW)
    expect(page.locator("#ph-presets").get_by_label("Last layers")).to_be_checked()
    expect(layer).to_be_focused()
    lock = page.locator("#ph-stack [data-block='head:topic']")
    reach(page, lock, back=True)
    page.keyboard.press("Space")
    expect(lock).to_have_attribute("aria-pressed", "false", timeout=SLOW)
    expect(page.locator("#ph-step-3")).to_contain_text("topic locked")
    expect(page.locator("#ph-advice")).to_contain_text("because", timeout=RUN)
    is_planned(page)
    reach(page, page.get_by_label("Epochs", exact=True))
    page.keyboard.press("Control+A")
    page.keyboard.type("30")
    reach(page, page.locator("#ph-start"))
    page.keyboard.press("Enter")
    expect(page.locator("#ph-run section")).to_have_attribute("data-state", "running", timeout=SLOW)
    reach(page, page.locator("#ph-stop"))
    page.keyboard.press("Enter")
    expect(page.locator("#ph-run section")).to_have_attribute("data-state", "stopped", timeout=RUN)
    written = (newest_run(server) / "recipe.yaml").read_text()
    assert "preset: last_layers" in written
    assert "- topic" in written.partition("frozen_heads:")[2][:20]


def test_the_curve_is_complete_after_reload_second_tab_closed_tab_and_a_server_restart(context, server):
    page = visit(context, server, "Train")
    start(page, Epochs="20", Tokens_a_batch="16")
    wait_for_step(page, 3)

    page.reload(wait_until="domcontentloaded")
    page.get_by_role("tab", name="Train").click()
    wait_for_step(page, 6)

    second = visit(context, server, "Train")
    assert wait_for_step(second, 6)[:6] == [1, 2, 3, 4, 5, 6]
    page.close()
    wait_for_step(second, written_steps(server)[-1] + 2)

    server.stop()
    time.sleep(1)
    server.start()
    second.reload(wait_until="domcontentloaded")
    second.get_by_role("tab", name="Train").click()
    found = wait_for_step(second, written_steps(server)[-1])
    assert found == list(range(1, found[-1] + 1))

    second.get_by_role("button", name="Stop and keep").click()
    expect(second.locator("#ph-run section")).to_have_attribute("data-state", "stopped", timeout=RUN)
    assert wait_for_step(second, written_steps(server)[-1]) == written_steps(server)

    before = written_steps(server)[-1]
    second.get_by_role("button", name="Go on from here").click()
    wait_for_step(second, before + 3)
    steps = written_steps(server)
    assert steps == list(range(1, steps[-1] + 1))
    second.get_by_role("button", name="Stop and keep").click()
    expect(second.locator("#ph-run section")).to_have_attribute("data-state", "stopped", timeout=RUN)


def test_a_filled_form_is_there_again_after_a_reload_and_a_recipe_fills_it(context, server, tmp_path):
    page = visit(context, server, "Train")
    page.get_by_label("Seed", exact=True).fill("123")
    expect(page.locator("#ph-recipe-fold")).to_be_visible()
    page.locator("#ph-recipe-fold > button").click()
    expect(page.locator("#ph-recipe")).to_contain_text("seed: 123", timeout=SLOW)
    page.reload(wait_until="domcontentloaded")
    page.get_by_role("tab", name="Train").click()
    expect(page.get_by_label("Seed", exact=True)).to_have_value("123", timeout=SLOW)

    page.locator("#ph-recipe-fold > button").click()
    wrong, good = tmp_path / "wrong.yaml", tmp_path / "good.yaml"
    wrong.write_text("tasks: {mine: {kind: tagging, train: a.conll}}\n")
    good.write_text((EXAMPLES / "recipes" / "similarity.yaml").read_text() + "anchor: 2.5\n")
    upload = page.locator("#ph-recipe-fold input[type=file]")
    upload.set_input_files(wrong)
    expect(page.locator("#ph-load-problem [role=alert]")).to_contain_text("wrong.yaml: tasks.mine", timeout=SLOW)
    upload.set_input_files(good)
    expect(page.locator("#ph-tasks").get_by_label("similarity")).to_be_checked(timeout=SLOW)
    expect(page.locator("#ph-tasks").get_by_label("entities")).not_to_be_checked()
    expect(page.locator("#ph-recipe")).to_contain_text("anchor: 2.5", timeout=SLOW)
    expect(page.locator("#ph-stack [data-block='layer:5']")).to_have_attribute("aria-pressed", "true")


def test_a_table_of_other_columns_is_shown_and_mapped_and_the_task_is_kept(context, server, tmp_path):
    page = visit(context, server, "Train")
    page.locator("#ph-add-task > button").click()
    file = tmp_path / "tickets.csv"
    file.write_text(
        "id,remark,queue\n" + "".join(f"{i},the <b>printer {i} is on fire,{'ab'[i % 2]}\n" for i in range(20))
    )
    page.get_by_label("Name of the task").fill("tickets")
    page.locator("#ph-train-file input[type=file]").set_input_files(file)
    expect(page.locator("#ph-preview tbody tr")).to_have_count(5, timeout=SLOW)
    expect(page.locator("#ph-preview")).to_contain_text("<b>printer 0")
    page.get_by_label("Column with the text").click()
    page.get_by_role("option", name="remark").click()
    page.get_by_label("Column with the label").click()
    page.get_by_role("option", name="queue").click()
    page.get_by_role("button", name="Check and add").click()
    card = page.locator("#ph-data [data-task=tickets]")
    expect(card).to_contain_text("16 texts to train on, 4 for dev", timeout=SLOW)
    expect(page.locator("#ph-stack")).to_contain_text("tickets head")
    page.reload(wait_until="domcontentloaded")
    page.get_by_role("tab", name="Train").click()
    expect(page.locator("#ph-tasks").get_by_label("tickets")).to_be_checked(timeout=SLOW)


def test_a_run_is_opened_laid_over_measured_renamed_taken_away_and_deleted(context, server, tmp_path):
    page = visit(context, server, "Train")
    for epochs in ("1", "2"):
        if epochs == "2":
            page.get_by_label("Run", exact=True).click()
            page.get_by_role("option", name="New run").click()
        card = start(page, Epochs=epochs, Tokens_a_batch="2048")
        expect(card).to_have_attribute("data-state", "finished", timeout=RUN)
    run = newest_run(server)

    page.get_by_role("button", name="Before and after").click()
    page.get_by_role("button", name="Show before and after").click()
    expect(page.locator("#ph-change-line")).to_contain_text("drift 0.000", timeout=SLOW)
    expect(page.locator("#ph-change-table tbody tr")).to_have_count(8)

    ticks = page.locator("#ph-runs [role=checkbox]")
    page.locator(f"#ph-runs [data-tick='{run.name}']").wait_for()
    for tick in ticks.all()[:2]:
        if tick.get_attribute("aria-checked") == "false":
            tick.click()
            expect(tick).to_have_attribute("aria-checked", "true", timeout=SLOW)
    expect(page.locator("#ph-overlay-settings")).to_contain_text("budget.epochs", timeout=SLOW)
    expect(page.locator("#ph-overlay-table")).to_contain_text("topic accuracy")
    expect(page.locator("#ph-overlay-metrics .legendtext")).to_have_count(2)

    page.locator("#ph-evaluate-fold > button").click()
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("text,topic\na,b\n")
    upload = page.locator("#ph-evaluate-file input[type=file]")
    upload.set_input_files(wrong)
    page.locator("#ph-evaluate").click()
    expect(page.locator("#ph-evaluate-problem [role=alert]")).to_contain_text("wrong.csv:1: ", timeout=SLOW)
    page.locator("#ph-evaluate-file").get_by_label("Clear").click()
    page.locator("#ph-evaluate-file input[type=file]").set_input_files(EXAMPLES / "topic" / "dev.csv")
    page.locator("#ph-evaluate").click()
    expect(page.locator("#ph-evaluate-result")).to_contain_text("macro f1", timeout=SLOW)

    with page.expect_download(timeout=SLOW) as download:
        page.locator("#ph-detail-download").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert {"recipe.yaml", "events.jsonl", "checkpoint/model.safetensors"} <= set(archive.namelist())

    page.locator("#ph-rename-fold > button").click()
    page.locator("#ph-run-name input, #ph-run-name textarea").fill("quick <i>one")
    page.locator("#ph-rename").click()
    expect(page.locator(f"#ph-runs [data-open='{run.name}']")).to_contain_text("quick <i>one", timeout=SLOW)
    page.locator("#ph-detail-use").click()
    expect(page.locator("#ph-chips")).not_to_contain_text("sentiment", timeout=SLOW)

    page.locator("#ph-delete").click()
    page.locator("#ph-keep").click()
    assert run.is_dir()
    page.locator("#ph-delete").click()
    page.locator("#ph-delete-now").click()
    expect(page.locator(f"#ph-runs [data-open='{run.name}']")).to_have_count(0, timeout=SLOW)
    assert not run.exists()


def test_strategies_are_compared_in_one_click(context, server):
    page = visit(context, server, "Train")
    card = start(page, Epochs="1", Tokens_a_batch="2048")
    expect(card).to_have_attribute("data-state", "finished", timeout=RUN)
    page.get_by_role("button", name="Compare strategies").click()
    page.locator("#ph-compare-fold > button").click()
    for name in ("last 2 layers", "full"):
        page.locator("#ph-strategies").get_by_label(name).uncheck()
    page.locator("#ph-compare").click()
    expect(page.locator("#ph-detail-problem [role=alert]")).to_contain_text("at least two", timeout=SLOW)
    page.locator("#ph-strategies").get_by_label("last layer", exact=True).check()
    page.locator("#ph-compare").click()
    rows = page.locator("#ph-compared tbody tr")
    expect(rows).to_have_count(2, timeout=RUN)
    assert [row.locator("td").first.inner_text() for row in rows.all()] == ["heads_only", "last_layers:1"]
    expect(page.locator("#ph-overlay-metrics .legendtext")).to_have_count(2, timeout=SLOW)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_train_and_runs(browser, server, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    made = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme=scheme)
    page = visit(made, server, "Train")
    expect(page.locator("#ph-plan")).to_be_visible()
    found = {"the form": _serious(axe, page)}
    runs = [option for option in (server.home / "runs").iterdir() if "compare" not in option.name]
    page.goto(f"{server.url}/?run={max(run.name for run in runs)}", wait_until="domcontentloaded")
    page.get_by_role("tab", name="Train").click()
    expect(page.locator("#ph-metric-table table")).to_be_visible(timeout=SLOW)
    found["the monitor"] = _serious(axe, page)
    page.get_by_role("tab", name="Runs").click()
    page.locator("#ph-runs [data-open]").first.click()
    expect(page.locator("#ph-run-detail")).to_be_visible(timeout=SLOW)
    page.wait_for_timeout(500)
    found["the runs"] = _serious(axe, page)
    made.close()
    assert not any(found.values()), found


def _serious(axe, page):
    violations = axe.run(page).response["violations"]
    return [
        (found["id"], found["nodes"][0]["html"][:200])
        for found in violations
        if found["impact"] in ("serious", "critical")
    ]


def test_train_and_runs_fit_a_phone(browser, server):
    made = browser.new_context(viewport={"width": 390, "height": 800})
    page = visit(made, server, "Train")
    for name in ("Train", "Runs"):
        page.get_by_role("tab", name=name).click()
        page.wait_for_timeout(500)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
    made.close()
