"""The Train tab as a visitor uses it."""

import pytest
from playwright.sync_api import expect

from tests.demo.trainer import (
    EXAMPLES,
    is_planned,
    newest_run,
    start,
    visit,
    wait_until_written,
    written_steps,
)

pytestmark = pytest.mark.slow

# The bold line of a task and the faint one behind it hold the same steps.
STEPS = (
    "() => { const plot = document.querySelector('#ph-loss .js-plotly-plot');"
    " if (!plot || !plot._fullData) return [];"
    " const all = new Set(); for (const t of plot._fullData) for (const x of (t.x || [])) all.add(x);"
    " return [...all].sort((a, b) => a - b) }"
)


def wait_for_step(page, step):
    page.wait_for_function(f"n => {{ const s = ({STEPS})(); return s.length && s[s.length - 1] >= n }}", arg=step)
    return page.evaluate(STEPS)


def reach(page, target, *, back=False):
    """Press Tab until the element has the focus."""
    for _ in range(150):
        if target.evaluate("e => e === document.activeElement || e.contains(document.activeElement)"):
            return
        page.keyboard.press("Shift+Tab" if back else "Tab")
    pytest.fail(f"{target} cannot be reached with the Tab key")


def test_train_works_by_keyboard_alone_and_a_press_moves_the_boundary(visitor, trainer):
    page = visit(visitor, trainer, "Train")
    page.get_by_role("tab", name="Train").focus()
    reach(page, page.locator("#ph-tasks").get_by_label("sentiment"))
    page.keyboard.press("Space")
    expect(page.locator("#ph-data [data-task=sentiment]")).to_be_visible()
    layer = page.locator("#ph-stack [data-block='layer:5']")
    reach(page, layer)
    page.keyboard.press("Enter")
    expect(layer).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#ph-presets").get_by_label("Last layers")).to_be_checked()
    expect(layer).to_be_focused()
    lock = page.locator("#ph-stack [data-block='head:topic']")
    reach(page, lock, back=True)
    page.keyboard.press("Space")
    expect(lock).to_have_attribute("aria-pressed", "false")
    expect(page.locator("#ph-step-3")).to_contain_text("topic frozen")
    expect(page.locator("#ph-advice")).to_contain_text("because")
    is_planned(page)
    reach(page, page.locator(".ph-rates").get_by_label("Epochs"))
    page.keyboard.press("Control+A")
    page.keyboard.type("30")
    reach(page, page.locator("#ph-start"))
    page.keyboard.press("Enter")
    expect(page.locator("#ph-run section")).to_have_attribute("data-state", "running")
    reach(page, page.locator("#ph-stop"))
    page.keyboard.press("Enter")
    expect(page.locator("#ph-run section")).to_have_attribute("data-state", "stopped")
    written = (newest_run(trainer) / "recipe.yaml").read_text()
    assert "preset: last_layers" in written
    assert "- topic" in written.partition("frozen_heads:")[2][:20]


def test_the_curve_is_complete_after_reload_second_tab_closed_tab_and_a_server_restart(visitor, trainer):
    page = visit(visitor, trainer, "Train")
    page.locator("#ph-presets").get_by_text("Full: everything trains").click()  # slow enough to be watched
    start(page, Epochs="20", Tokens_per_batch="128")
    wait_for_step(page, 3)

    page.reload(wait_until="domcontentloaded")
    page.get_by_role("tab", name="Train").click()
    assert wait_for_step(page, 5)[:5] == [1, 2, 3, 4, 5]

    second = visit(visitor, trainer, "Train")
    assert wait_for_step(second, 6)[:6] == [1, 2, 3, 4, 5, 6]
    page.close()
    wait_for_step(second, written_steps(trainer)[-1] + 2)

    trainer.stop()
    wait_until_written(trainer, written_steps(trainer)[-1] + 1)  # the run goes on without a server
    trainer.start()
    second.reload(wait_until="domcontentloaded")
    second.get_by_role("tab", name="Train").click()
    found = wait_for_step(second, written_steps(trainer)[-1])
    assert found == list(range(1, found[-1] + 1))

    second.get_by_role("button", name="Stop and keep").click()
    expect(second.locator("#ph-run section")).to_have_attribute("data-state", "stopped")
    assert wait_for_step(second, written_steps(trainer)[-1]) == written_steps(trainer)

    before = written_steps(trainer)[-1]
    second.get_by_role("button", name="Resume").click()
    wait_for_step(second, before + 3)
    steps = written_steps(trainer)
    assert steps == list(range(1, steps[-1] + 1))
    second.get_by_role("button", name="Stop and keep").click()
    expect(second.locator("#ph-run section")).to_have_attribute("data-state", "stopped")


def test_a_filled_form_is_there_again_after_a_reload_and_a_recipe_fills_it(visitor, trainer, tmp_path):
    page = visit(visitor, trainer, "Train")
    page.locator("#ph-tasks").get_by_label("sentiment").check()
    expect(page.locator("#ph-data [data-task=sentiment]")).to_be_visible()
    page.get_by_label("Seed", exact=True).fill("123")
    expect(page.locator("#ph-recipe-fold")).to_be_visible()
    page.locator("#ph-recipe-fold > button").click()
    expect(page.locator("#ph-recipe")).to_contain_text("seed: 123")
    page.reload(wait_until="domcontentloaded")
    page.get_by_role("tab", name="Train").click()
    expect(page.locator("#ph-tasks").get_by_label("sentiment")).to_be_checked()
    expect(page.get_by_label("Seed", exact=True)).to_have_value("123")

    page.locator("#ph-recipe-fold > button").click()
    wrong, good = tmp_path / "wrong.yaml", tmp_path / "good.yaml"
    wrong.write_text("tasks: {mine: {kind: tagging, train: a.conll}}\n")
    good.write_text((EXAMPLES / "recipes" / "similarity.yaml").read_text() + "anchor: 2.5\n")
    upload = page.locator("#ph-recipe-fold input[type=file]")
    upload.set_input_files(wrong)
    expect(page.locator("#ph-load-problem [role=alert]")).to_contain_text("wrong.yaml: tasks.mine")
    upload.set_input_files(good)
    expect(page.locator("#ph-tasks").get_by_label("similarity")).to_be_checked()
    expect(page.locator("#ph-tasks").get_by_label("entities")).not_to_be_checked()
    expect(page.locator("#ph-more textarea")).to_have_value("anchor: 2.5\n")
    expect(page.locator("#ph-stack [data-block='layer:5']")).to_have_attribute("aria-pressed", "true")


def test_a_table_of_other_columns_is_shown_and_mapped_and_the_task_is_kept(visitor, trainer, tmp_path):
    page = visit(visitor, trainer, "Train")
    page.locator("#ph-add-task > button").click()
    file = tmp_path / "tickets.csv"
    file.write_text(
        "id,remark,queue\n" + "".join(f"{i},the <b>printer {i} is on fire,{'ab'[i % 2]}\n" for i in range(20))
    )
    page.get_by_label("Task name").fill("tickets")
    page.locator("#ph-train-file input[type=file]").set_input_files(file)
    expect(page.locator("#ph-preview tbody tr")).to_have_count(5)
    expect(page.locator("#ph-preview")).to_contain_text("<b>printer 0")
    for role, column in (("text", "remark"), ("label", "queue")):
        page.get_by_label(f"Column with the {role}").fill(column)
        page.keyboard.press("Enter")
    page.get_by_role("button", name="Check and add").click()
    card = page.locator("#ph-data [data-task=tickets]")
    expect(card).to_contain_text("16 texts for training, 4 for dev")
    expect(page.locator("#ph-stack")).to_contain_text("tickets head")
    page.reload(wait_until="domcontentloaded")
    page.get_by_role("tab", name="Train").click()
    expect(page.locator("#ph-tasks").get_by_label("tickets")).to_be_checked()
