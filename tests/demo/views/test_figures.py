import json

import numpy as np

from demo.maps import similarity
from demo.views.figures import placeholder
from demo.views.maps.heatmap import heatmap
from demo.views.training.curves import loss_figure, loss_lines, metric_figure, metric_lines
from mtl.runs import Evaluated, Step

TEXTS = ["one", "two <b>", "😀" * 300, "one"]


def step(number: int, task: str, loss: float) -> Step:
    return Step(number, 0.1, task, loss, 1e-3, 100.0)


def test_every_figure_is_transparent_and_json():
    figures = [placeholder("x", height=200), heatmap(np.eye(4), TEXTS, order=[0, 1, 2, 3])]
    for figure in figures:
        layout = json.loads(figure.to_json())["layout"]
        assert layout["paper_bgcolor"] == layout["plot_bgcolor"] == "rgba(0,0,0,0)"


def test_typed_text_is_escaped_in_hovers():
    figure = heatmap(np.eye(4), ["<i>", "b", "c", "d"], order=[0, 1, 2, 3])
    assert "&lt;i&gt;" in figure.to_json()
    assert "<i>" not in str(figure.data[0].customdata)


def test_the_heatmap_follows_the_order_in_cividis_from_zero_or_lower():
    matrix = similarity.cosine_matrix(np.array([[1, 0], [-1, 0.1], [1, 0.1]], dtype=np.float32))
    figure = heatmap(matrix, TEXTS, order=[0, 2, 1])
    cells = figure.data[0]
    assert cells.z.dtype == np.float32
    np.testing.assert_allclose(cells.z[0], matrix[0][[0, 2, 1]])
    assert cells.zmin == float(matrix.min()) < 0
    assert cells.zmax == 1
    assert heatmap(np.ones((2, 2), dtype=np.float32), TEXTS, order=[0, 1]).data[0].zmin == 0


def test_a_narrow_screen_gets_numbers_for_names():
    wide = heatmap(np.eye(4), TEXTS, order=[0, 1, 2, 3])
    narrow = heatmap(np.eye(4), TEXTS, order=[0, 1, 2, 3], narrow=True)
    assert "one" in wide.layout.yaxis.ticktext[0]
    assert narrow.layout.yaxis.ticktext == ("1", "2", "3", "4")


def test_a_loss_line_for_each_task_in_steps():
    events = [step(1, "a", 2.0), step(2, "b", 1.0), step(3, "a", 1.0)]
    lines = loss_lines(events, ["a", "b"])
    assert lines["a"].steps == (1, 3)
    assert lines["b"].values == (1.0,)
    assert len(loss_figure(lines, total_steps=3).data) == 4


def test_a_task_without_steps_keeps_its_colour():
    late = loss_figure(loss_lines([step(1, "b", 1.0)], ["a", "b"]), total_steps=3)
    both = loss_figure(loss_lines([step(1, "b", 1.0), step(2, "a", 1.0)], ["a", "b"]), total_steps=3)
    colour = {trace.name: trace.line.color for trace in both.data if trace.name}["b"]
    assert [trace.line.color for trace in late.data if trace.name == "b"] == [colour]


def test_a_long_loss_line_is_thinned():
    lines = loss_lines([step(i, "a", 1.0) for i in range(5000)], ["a"])
    assert len(loss_figure(lines, total_steps=5000).data[1].x) <= 240


def test_metric_lines_show_step_zero_and_the_main_metric_of_each_kind():
    first = {"eval/a/accuracy": 0.1, "eval/a/loss": 2.0, "eval/b/f1": 0.0, "eval/c/spearman_cosine": -0.2}
    events = [Evaluated(0, first, 0.1), Evaluated(5, {**first, "eval/a/accuracy": 0.9}, 0.1)]
    lines = metric_lines(events, ["a", "b", "c"])
    assert list(lines) == ["a accuracy", "b f1", "c spearman_cosine"]
    assert lines["a accuracy"].steps == (0, 5)
    assert lines["a accuracy"].values == (0.1, 0.9)
    assert metric_figure(lines, total_steps=5).layout.yaxis.range[0] == -0.2


def test_no_events_give_a_figure_in_words():
    assert loss_figure({}, total_steps=0).layout.annotations
    assert metric_figure({}, total_steps=0).layout.annotations
