import pytest

from demo.runs import RunInfo
from demo.runs.run_summary import differences, summarize_run
from demo.runs.watching import Watcher
from mtl.runs import Evaluated, Finished, RunFolder, RunState, Saved, Started, StopReason

EVENTS = [
    Started(20, 10, ("topic",), 100, 200, "cpu", "fp32"),
    Evaluated(0, {"eval/topic/accuracy": 0.1}, 0.1),
    Saved(0, "best", 0.1, 5),
    Evaluated(10, {"eval/topic/accuracy": 0.9}, 0.1),
    Saved(10, "best", 0.9, 7),
    Evaluated(20, {"eval/topic/accuracy": 0.8}, 0.1),
    Finished(20, StopReason.COMPLETED, 12.5, "done"),
]


def summary(tmp_path, name, recipe):
    folder = RunFolder(tmp_path / name)
    folder.create()
    folder.recipe.write_text(recipe)
    for event in EVENTS:
        folder.append(event)
    return summarize_run(folder, RunInfo(name, RunState.FINISHED, 0.0, True, name), Watcher())


def test_a_run_is_summed_up_at_its_best_checkpoint(tmp_path):
    found = summary(tmp_path, "a", "seed: 1\nfreezing: {preset: last_layers, layers: 2}")
    assert found.metrics == {"eval/topic/accuracy": 0.9}
    assert (found.seconds, found.size, found.trained, found.total_steps) == (12.5, 7, 100, 20)
    assert found.strategy == "last_layers 2"


def test_settings_that_differ_are_named_and_equal_ones_are_not(tmp_path):
    first = summary(tmp_path, "a", "seed: 1\nepochs: 3\ntasks: {topic: {train: [/x/y/train.csv]}}\nabout: one")
    second = summary(
        tmp_path, "b", "seed: 2\nepochs: 3\ntasks: {topic: {train: [/z/y/train.csv]}}\nabout: two\nanchor: 5"
    )
    assert differences([first, second]) == {"seed": ("1", "2"), "anchor": ("", "5")}
    assert differences([first]) == {}


@pytest.mark.parametrize("content", ["", "[1]", "a: [", "\x00"])
def test_a_recipe_that_cannot_be_read_has_no_settings(tmp_path, content):
    assert summary(tmp_path, "a", content).settings == {}


def test_a_run_that_has_not_begun_has_no_figures(tmp_path):
    folder = RunFolder(tmp_path / "new")
    folder.create()
    found = summarize_run(folder, RunInfo("new", RunState.QUEUED, 0.0, False), Watcher())
    assert (found.metrics, found.seconds, found.tasks) == ({}, None, ())


def test_a_run_with_events_of_another_version_is_still_listed(tmp_path):
    folder = RunFolder(tmp_path / "later")
    folder.create()
    folder.events_file.write_text('{"kind": "melted", "step": 3}\n')
    found = summarize_run(folder, RunInfo("later", RunState.FINISHED, 0.0, True), Watcher())
    assert (found.info.id, found.events) == ("later", ())
