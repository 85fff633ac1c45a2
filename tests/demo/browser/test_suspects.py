"""Wrong labels: found on Runs, accepted as corrections, and trained again in the place of the labels before."""

import csv
import json
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import expect

from tests.demo.trainer import EXAMPLES, is_planned, newest_run, start, visit

pytestmark = pytest.mark.slow
WRONG = range(5, 185, 12)


def test_a_wrong_label_is_found_accepted_and_trained_again(visitor, trainer, tmp_path):
    rows = list(csv.DictReader((EXAMPLES / "topic" / "train.csv").read_text().splitlines()))
    right = {rows[i]["text"]: rows[i]["label"] for i in WRONG}
    others = sorted({row["label"] for row in rows})
    for i in WRONG:
        rows[i]["label"] = next(label for label in others if label != rows[i]["label"])
    with (tmp_path / "wrong.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    page = visit(visitor, trainer, "Train")
    page.locator("#ph-add-task > button").click()
    page.get_by_label("Task name").fill("subject")
    page.locator("#ph-train-file input[type=file]").set_input_files(tmp_path / "wrong.csv")
    page.get_by_role("button", name="Check and add").click()
    expect(page.locator("#ph-data [data-task=subject]")).to_be_visible()
    for name in ("topic", "entities"):
        page.locator("#ph-tasks").get_by_label(name).uncheck()
    page.locator("#ph-presets").get_by_text("Heads only").click()
    is_planned(page)
    expect(start(page, Epochs="2", Tokens_per_batch="2048")).to_have_attribute("data-state", "finished")
    run = newest_run(trainer)

    page.get_by_role("tab", name="Runs").click()
    page.locator(f"#ph-runs [data-open='{run.name}']").click()
    page.locator("#ph-suspects-fold > button").click()
    table = page.locator("#ph-suspects-table")
    expect(table).to_contain_text("Press the button to look for labels")
    page.locator("#ph-suspects-train").click()
    expect(page.locator("#ph-suspects-problem")).to_contain_text("None of the corrected texts is in the data")
    page.locator("#ph-suspects-go").click()
    row = table.locator("tbody tr").first
    expect(row).to_be_visible()
    text = row.locator(".ph-text").inner_text()
    suggested = row.locator("td:nth-child(3)").inner_text()
    total = table.locator("tbody tr").count()
    assert total > 2
    assert right[text] == suggested
    row.get_by_role("button", name="Accept").click()
    expect(page.locator("#ph-suspects-line")).to_contain_text("Corrections saved for subject: 1.")
    expect(table.locator("tbody tr")).to_have_count(total - 1)
    table.get_by_role("button", name="Dismiss").first.click()
    expect(table.locator("tbody tr")).to_have_count(total - 2)

    page.locator("#ph-suspects-train").click()
    expect(page.locator("#ph-suspects-line")).to_contain_text("corrected row")
    again = newest_run(trainer)
    assert again != run
    (file,) = yaml.safe_load((again / "request.yaml").read_text())["tasks"]["subject"]["train"]
    trained = [line for line in Path(file).read_text(encoding="utf-8").splitlines() if text in line]
    assert [json.loads(line)["label"] for line in trained] == [suggested]
