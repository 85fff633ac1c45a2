import json

from demo.guide import measured
from demo.views.measured import labelling_table, timing_table, trial_table
from demo.views.measured import test_table as starter_table


def test_a_file_that_is_not_there_gives_no_table(tmp_path):
    assert timing_table(measured.timings(tmp_path), program="x") == ""
    assert timing_table(measured.comparison(tmp_path), program="x") == ""
    assert trial_table(measured.trials(tmp_path)) == ""
    assert starter_table(measured.tests(tmp_path)) == ""
    assert labelling_table(measured.labelling(tmp_path)) == ""


def test_timings_are_medians_and_their_ratio_is_to_full(tmp_path):
    runs = {
        "full": [{"seconds": s, "epochs": [], "figures": {"eval/topic/accuracy": 0.8}} for s in (30.0, 10.0, 20.0)],
        "heads_only": [{"seconds": 5.0, "epochs": [], "figures": {"eval/topic/accuracy": 0.7}}],
    }
    (tmp_path / "train.json").write_text(json.dumps({"settings": {}, "runs": runs}))
    found = measured.timings(tmp_path)
    assert [(timed.name, timed.seconds) for timed in found] == [("full", 20.0), ("heads_only", 5.0)]
    assert "4.00" in timing_table(found, program="benchmarks/train.py")


def test_a_comparison_is_read_as_the_command_line_writes_it(tmp_path):
    row = {
        "strategy": "full",
        "seeds": 2,
        "metrics": {"eval/topic/accuracy": {"mean": 0.5, "deviation": 0.1}},
        "seconds": {"mean": 3.0, "deviation": 0.0},
    }
    (tmp_path / "compare.json").write_text(json.dumps([row]))
    assert measured.comparison(tmp_path) == [measured.Timed("full", 3.0, {"eval/topic/accuracy": 0.5})]


def test_of_the_trials_of_a_preset_the_best_settings_count_as_means_over_seeds(tmp_path):
    def trial(seed, rate, score):
        figures = {"eval/topic/accuracy": score}
        settings = {"head_lr": rate}
        return {"preset": "full", "seed": seed, "settings": settings, "score": score, "figures": figures} | {
            "drift": 0.5,
            "seconds": 2.0,
        }

    rows = [trial(1, 0.1, 0.9), trial(2, 0.1, 0.1), trial(1, 0.2, 0.6), trial(2, 0.2, 0.8)]
    (tmp_path / "defaults.json").write_text(json.dumps(rows))
    (found,) = measured.trials(tmp_path)
    assert found.settings == {"head_lr": 0.2}
    assert round(found.score, 6) == 0.7
    assert "head_lr 0.2" in trial_table([found])


def test_the_starters_figures_are_read():
    assert {tested.task for tested in measured.tests()} == {"topic", "sentiment", "entities"}


def test_labelling_is_shown_as_means_in_percent_for_each_order(tmp_path):
    orders = {"mix": {"50": [0.8, 0.9]}, "random": {"50": [0.7, 0.7]}, "unsure": {"50": [0.1]}}
    (tmp_path / "label.json").write_text(json.dumps({"quality": {"news": orders, "half": {"mix": {}}}}))
    (found,) = measured.labelling(tmp_path)
    assert (found.name, found.random) == ("news", {"50": 0.7})
    shown = labelling_table([found])
    assert "85.0" in shown and "70.0" in shown and "10.0" not in shown
