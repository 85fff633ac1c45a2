import json
import re
from dataclasses import replace

import pytest

from demo.runs import RunInfo
from demo.runs.run_summary import RunSummary
from demo.views.training import overlay
from demo.views.training.comparison import comparison_table, measured_table
from demo.views.training.run_table import run_table
from mtl.runs import Evaluated, RunState, Step

EVENTS = (
    Evaluated(0, {"eval/topic/accuracy": 0.1, "eval/embedding/drift": 0.0}, 0.1),
    Step(1, 0.5, "topic", 2.0, 0.1, 1.0),
    Step(2, 1.0, "topic", 1.0, 0.1, 1.0),
    Evaluated(2, {"eval/topic/accuracy": 0.9, "eval/embedding/drift": 0.25}, 0.1),
)


def summary(name="mine", **changes):
    made = RunSummary(
        info=RunInfo(name, RunState.FINISHED, 0.0, True, name),
        settings={"freezing.preset": "full", "seed": "1"},
        metrics=dict(EVENTS[-1].metrics),
        events=EVENTS,
        tasks=("topic",),
        seconds=12.0,
        size=14_800_000,
        trained=153_230,
        total_steps=2,
    )
    return replace(made, **changes)


OTHER = summary(
    "<b>other",
    settings={"freezing.preset": "full", "seed": "2"},
    metrics={"eval/topic/accuracy": 0.8, "eval/embedding/drift": 0.1},
)


def test_a_row_has_settings_metrics_and_cost():
    html = run_table([summary(), OTHER], ticked=["<b>other"], opened="mine")
    for piece in (
        "full · seed 1",
        "topic accuracy <strong>0.900</strong>",
        "12 s",
        "14.8 MB",
        "Finished",
        "&lt;b&gt;other",
    ):
        assert piece in html
    assert re.findall(r'aria-checked="(\w+)"', html) == ["false", "true"]
    assert html.count('aria-current="true"') == 1


def test_an_empty_table_says_what_to_do():
    assert "Start one on the Train tab" in run_table([], ticked=[], opened="")


def test_a_comparison_has_no_curve_to_overlay():
    group = summary(info=RunInfo("c", RunState.RUNNING, 0.0, False, "c", is_comparison=True), metrics={}, tasks=())
    member = summary(info=RunInfo("c/full", RunState.RUNNING, 0.0, False, "full"))
    html = run_table([group, member], ticked=[], opened="")
    assert html.count('role="checkbox"') == 1
    assert "ph-member" in html


def test_each_run_has_a_curve_of_the_metric_and_of_the_loss():
    metrics = overlay.metric_overlay([summary(), OTHER], "topic/accuracy")
    assert [list(trace.y) for trace in metrics.data] == [[0.1, 0.9], [0.1, 0.9]]
    assert len({trace.line.color for trace in metrics.data}) == 2
    losses = overlay.loss_overlay([summary(), OTHER], "topic")
    assert [list(trace.x) for trace in losses.data] == [[1, 2], [1, 2]]


def test_without_a_tick_there_is_a_hint_and_no_curve():
    for made in (overlay.metric_overlay([], ""), overlay.loss_overlay([], "")):
        assert len(made.data) == 0
        assert "Select runs" in made.layout.annotations[0].text


def test_the_best_figure_of_a_row_is_bold_and_the_smallest_drift_is_the_best():
    html = overlay.metrics_table([summary(), OTHER])
    assert "<strong>0.900</strong>" in html and "<strong>0.100</strong>" in html
    assert "<strong>0.800</strong>" not in html and "<strong>0.250</strong>" not in html


def test_settings_that_differ_stand_side_by_side():
    html = overlay.settings_table([summary(), OTHER])
    assert "seed" in html and "freezing.preset" not in html
    assert "Select two runs" in overlay.settings_table([summary()])
    assert "No setting differs" in overlay.settings_table([summary(), summary("b")])


def row(name, accuracy, drift):
    spread = {"deviation": 0.0}
    return {
        "strategy": name,
        "metrics": {
            "eval/topic/accuracy": {"mean": accuracy, **spread},
            "eval/topic/f1/sports": {"mean": 1.0, **spread},
            "eval/embedding/drift": {"mean": drift, **spread},
        },
        "seconds": {"mean": 23.0, **spread},
        "memory_bytes": 700_000_000,
        "checkpoint_bytes": 14_800_000,
        "trained_parameters": 3_700_000,
    }


def test_a_comparison_is_one_row_a_strategy_with_the_best_bold(tmp_path):
    file = tmp_path / "table.json"
    file.write_text(json.dumps([row("heads_only", 0.8, 0.0), row("full", 0.9, 0.3)]))
    html = comparison_table(file)
    assert re.findall(r"<strong>([\d.]+)</strong>", html) == ["0.000", "0.900"]
    for piece in ("heads_only", "23 s", "700 MB", "3.7 M", "14.8 MB"):
        assert piece in html
    assert "sports" not in html


def test_a_comparison_of_backbones_tells_how_fast_they_are(tmp_path):
    file = tmp_path / "table.json"
    speed = {"load_seconds": 1.26, "texts_per_second": 1234.5}
    rows = [row("backbone small", 0.8, 0.0) | {"speed": speed}, row("full", 0.9, 0.3) | {"speed": None}]
    file.write_text(json.dumps(rows))
    html = comparison_table(file)
    for piece in ("texts a second", "1.3 s", "1,234"):
        assert piece in html
    file.write_text(json.dumps(rows[1:]))
    assert "texts a second" not in comparison_table(file)


def test_a_comparison_with_tasks_alone_says_what_sharing_costs(tmp_path):
    file = tmp_path / "table.json"
    file.write_text(json.dumps([row("full", 0.9, 0.3), row("only topic", 0.95, 0.4)]))
    said = "Sharing costs topic 5.0 points: accuracy 0.900 with the others (full), 0.950 alone."
    assert said in comparison_table(file)


@pytest.mark.parametrize("content", [None, "", "[{"])
def test_a_comparison_without_a_table_yet_says_so(tmp_path, content):
    file = tmp_path / "table.json"
    if content is not None:
        file.write_text(content)
    assert "appears when the last strategy has finished" in comparison_table(file)


def test_overall_metrics_of_a_file_stand_first():
    html = measured_table({"f1/a": 0.1, "accuracy": 0.9})
    assert html.index("accuracy") < html.index("f1/a")
