"""Tasks whose texts have any number of labels, from files to answers."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

import mtl
from mtl import Engine
from mtl.checkpoint import read_config
from mtl.cli.comparing import _table
from mtl.data import MultiLabelText, read_files
from mtl.decoding import best_thresholds
from mtl.errors import RecipeError, TrainingError
from mtl.evaluation.thresholds import indicators
from mtl.model import MultiTaskModel
from mtl.planning import plan
from mtl.recipe import Recipe, TaskConfig, parse
from mtl.runs import Evaluated, Event, Saved
from mtl.training import accumulation, run_in_folder
from mtl.training.losses import BatchLoss, batch_loss
from mtl.training.train_set import TrainBatch
from tests.mtl.cli.calling import complaint, succeed
from tests.mtl.recipes import DEFAULTS, recipe_of, write_easy_labels
from tests.mtl.training.seen import events_of, scores
from tests.tiny import EXACT


def recipe(backbone: Path, folder: Path, **sections: object) -> Recipe:
    task = {**write_easy_labels(folder), **sections.pop("task", {})}
    return parse({"backbone": str(backbone), "tasks": {"about": task}, **DEFAULTS, **sections}, folder=folder)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def learnt(tiny_bert: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Event]]:
    """The folder of a run that learns, and its events."""
    folder = tmp_path_factory.mktemp("runs") / "learnt"
    sections = {
        "optimizer": {"backbone_lr": 3e-3, "head_lr": 3e-3},
        "budget": {"epochs": 1000, "max_steps": 400, "batch_tokens": 256},
        "seed": 3,
        "anchor": 0,  # nothing is kept of an embedding by chance
    }
    return folder, list(run_in_folder(recipe(tiny_bert, data, **sections), folder))


def test_training_learns_sets_of_labels(learnt: tuple[Path, list[Event]]):
    found = scores(learnt[1], "eval/about/micro_f1")
    assert found[0] < 0.75  # thresholds of an untrained model choose most labels
    assert found[-1] > 0.97
    assert scores(learnt[1], "eval/about/subset_accuracy")[-1] > 0.9


def test_the_main_metric_chooses_the_best_checkpoint(learnt: tuple[Path, list[Event]]):
    folder, events = learnt
    best = [event for event in events if isinstance(event, Saved) and event.name == "best"][-1]
    assert best.score == max(scores(events, "eval/about/micro_f1"))
    assert f"about micro_f1 {best.score:.3f}" in events[-1].message
    assert (folder / "best").is_dir()


def test_what_training_stored_is_what_evaluate_measures(learnt: tuple[Path, list[Event]], data: Path):
    stored = read_config(learnt[0] / "last").metrics
    engine = Engine.load(learnt[0] / "last", **EXACT)
    measured = engine.evaluate("about", read_files(engine.task_config("about"), [str(data / "about.jsonl")]))
    assert {f"eval/about/{name}": pytest.approx(value) for name, value in measured.items()} == {
        name: value for name, value in stored.items() if name.startswith("eval/about/")
    }


def test_the_thresholds_in_a_checkpoint_are_the_best_on_dev(learnt: tuple[Path, list[Event]], data: Path):
    engine = Engine.load(learnt[0] / "last", **EXACT)
    task = read_config(learnt[0] / "last").tasks["about"]
    examples = read_files(engine.task_config("about"), [str(data / "about.jsonl")])
    found = engine.classify([example.text for example in examples if isinstance(example, MultiLabelText)])
    probabilities = np.array([list(one["about"].values()) for one in found], dtype=np.float32)
    expected = best_thresholds(indicators(examples, task.labels), probabilities)
    assert task.thresholds == pytest.approx(expected.tolist(), abs=1e-4)
    assert engine.tasks["about"].thresholds == task.thresholds


def test_a_run_that_goes_on_keeps_its_thresholds(
    tiny_bert: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    steps = {"evaluation": {"every": 2}}
    for event in mtl.train(recipe(tiny_bert, data, **steps), folder=tmp_path):
        if isinstance(event, Saved) and event.step == 2:
            before = read_config(tmp_path / event.name).tasks["about"].thresholds
        if isinstance(event, Evaluated) and event.step == 4:
            break

    def not_finite(model: MultiTaskModel, batch: TrainBatch) -> BatchLoss:
        return BatchLoss({name: loss * math.nan for name, loss in batch_loss(model, batch).tasks.items()}, None)

    monkeypatch.setattr(accumulation, "batch_loss", not_finite)
    with pytest.raises(TrainingError):  # the weights after step 2 are saved without another evaluation
        list(mtl.train(recipe(tiny_bert, data, **steps), folder=tmp_path, resume=True))
    config = read_config(tmp_path / "last")
    assert config.step == 2
    assert config.tasks["about"].thresholds == before
    assert any(threshold != 0.5 for threshold in before)


def test_a_model_that_is_only_evaluated_keeps_its_answers(learnt: tuple[Path, list[Event]], data: Path, tmp_path: Path):
    other = tmp_path / "other.jsonl"
    other.write_text('{"text": "the old team", "labels": ["money"]}\n{"text": "a bank", "labels": ["sport"]}\n')
    task = {"train": [], "dev": str(other)}
    events_of(recipe(learnt[0] / "last", data, task=task, freezing={"preset": "all_frozen"}), tmp_path)
    before, after = (Engine.load(folder, **EXACT) for folder in (learnt[0] / "last", tmp_path / "last"))
    texts = [example.text for example in read_files(before.task_config("about"), [str(data / "about.jsonl")])]
    assert [one.labels for one in after.analyze(texts)] == [one.labels for one in before.analyze(texts)]


def test_a_frozen_head_with_thresholds_chooses_the_same_labels_whatever_its_dev_data(
    tiny_bert: Path, data: Path, tmp_path: Path
):
    (tmp_path / "seen").mkdir()
    seen = recipe(tiny_bert, tmp_path / "seen")
    train = seen.tasks["about"].train[0]
    events_of(recipe(tiny_bert, tmp_path / "seen", task={"dev": train}), tmp_path / "run")
    start = tmp_path / "run" / "last"
    lines = [json.loads(line) for line in Path(train).read_text().splitlines()]
    for line in lines[::2]:  # many wrong labels, which another temperature would fit
        line |= {"text": f"{line['text']} indeed", "labels": []}
    (tmp_path / "dev.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    task = {"train": [], "dev": str(tmp_path / "dev.jsonl")}
    events_of(recipe(start, tmp_path / "seen", task=task, freezing={"preset": "all_frozen"}), tmp_path / "more")
    before, after = Engine.load(start, **EXACT), Engine.load(tmp_path / "more" / "last", **EXACT)
    assert before.tasks["about"].temperature == 1 and before.tasks["about"].thresholds
    texts = [line["text"] for line in lines]
    assert [one.labels for one in after.analyze(texts)] == [one.labels for one in before.analyze(texts)]


def test_without_dev_data_a_label_is_chosen_from_a_half_on(tiny_bert: Path, data: Path, tmp_path: Path):
    events_of(recipe(tiny_bert, data, task={"dev": []}), tmp_path)
    assert read_config(tmp_path / "last").tasks["about"].thresholds == ()
    (found,) = Engine.load(tmp_path / "last", **EXACT).analyze(["the team was very good"])
    assert found.labels["about"] == tuple(name for name, p in found.classes["about"].items() if p >= 0.5)


def test_other_tasks_are_written_as_before_several_labels_were_known(trained: Path):
    tasks = json.loads((trained / "last" / "config.json").read_text())["tasks"]
    assert all(set(task) - {"temperature"} == {"kind", "labels", "head"} for task in tasks.values())


def test_the_commands_show_the_chosen_labels(learnt: tuple[Path, list[Event]], data: Path, tmp_path: Path):
    checkpoint, source = learnt[0] / "last", data / "about.jsonl"
    succeed("predict", checkpoint, source, tmp_path / "out.jsonl", "--precision", "fp32")
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    found = Engine.load(checkpoint, **EXACT).analyze([row["text"] for row in rows])
    assert [tuple(row["labels"]["about"]) for row in rows] == [one.labels["about"] for one in found]
    succeed("predict", checkpoint, source, tmp_path / "out.parquet", "--precision", "fp32")
    shown = succeed("evaluate", checkpoint, "--data", f"about={source}").stdout
    assert "eval/about/mean_average_precision" in shown
    single = tmp_path / "single.csv"
    single.write_text("text,price\na team,3\n")
    assert "a column labels or label" in complaint("evaluate", checkpoint, "--data", f"about={single}")


def test_the_card_has_the_thresholds(learnt: tuple[Path, list[Event]]):
    card = (learnt[0] / "last" / "README.md").read_text()
    task = read_config(learnt[0] / "last").tasks["about"]
    assert "| about | multi-label classification |" in card
    assert all(f"| {label} | {at:.3f} |" in card for label, at in zip(task.labels, task.thresholds, strict=True))


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_openvino_answers_as_torch_does(learnt: tuple[Path, list[Event]], data: Path, precision: str):
    texts = [json.loads(line)["text"] for line in (data / "about.jsonl").read_text().splitlines()]
    expected = Engine.load(learnt[0] / "last", **EXACT).analyze(texts)
    found = Engine.load(learnt[0] / "last", backend="openvino", precision=precision).analyze(texts)
    distance = max(
        abs(one.classes["about"][label] - other.classes["about"][label])
        for one, other in zip(found, expected, strict=True)
        for label in other.classes["about"]
    )
    assert distance < (1e-4 if precision == "fp32" else 0.2)
    alike = sum(one.labels == other.labels for one, other in zip(found, expected, strict=True))
    assert alike == len(texts) if precision == "fp32" else alike > 0.9 * len(texts)


def test_the_choice_of_a_backend_counts_labels_that_are_chosen_otherwise(learnt: tuple[Path, list[Event]]):
    engine = Engine.load(learnt[0] / "last", long_texts="cut")
    assert all(one.fidelity.faithful for one in engine.choice.measured if one.precision == "fp32")
    assert all(0 <= one.fidelity.label_f1_loss <= 1 for one in engine.choice.measured)


def test_a_plan_and_a_comparison_know_several_labels(tiny_bert: Path, data: Path):
    one = recipe(tiny_bert, data)
    assert plan(one).steps == 6
    assert "about/micro_f1" in [column.header for column in _table(one, []).columns]


def test_training_goes_on_with_several_labels_and_learns_new_ones(
    learnt: tuple[Path, list[Event]], data: Path, tmp_path: Path
):
    more = tmp_path / "more.jsonl"
    more.write_text('{"text": "the flight", "labels": ["air", "trip"]}\n{"text": "the old", "labels": []}\n' * 4)
    task = {"train": str(more), "dev": []}
    events = events_of(recipe(learnt[0] / "last", data, task=task, freezing={"preset": "heads_only"}), tmp_path)
    assert "about: the checkpoint's head keeps its labels and learns new ones: air" in events[0].notes
    before, after = (read_config(folder).tasks["about"] for folder in (learnt[0] / "last", tmp_path / "last"))
    assert after.labels == (*before.labels, "air")
    assert after.thresholds == (*before.thresholds, 0.5)


def test_a_head_of_one_label_is_none_of_several(learnt: tuple[Path, list[Event]], trained: Path, data: Path):
    single = {"multi_label": False, "train": str(data / "single.csv"), "dev": []}
    (data / "single.csv").write_text("text,label\na team,sport\na bank,money\n")
    with pytest.raises(RecipeError, match=r"^tasks.about.multi_label: true was expected as in the checkpoint"):
        events_of(recipe(learnt[0] / "last", data, task=single))
    several = {"multi_label": True, "train": str(data / "about.jsonl"), "dev": []}
    with pytest.raises(RecipeError, match=r"^tasks.topic.multi_label: false was expected as in the checkpoint"):
        events_of(recipe_of(trained / "last", ["topic"], tasks_topic=several))


@pytest.mark.parametrize(
    ("keys", "gist"),
    [
        ({"kind": "tagging", "multi_label": True}, "multi_label belongs to classification tasks"),
        ({"kind": "similarity", "class_weights": "balanced"}, "class_weights belongs to classification tasks"),
        ({"kind": "classification", "multi_label": True, "class_weights": {"a": 2}}, "belongs to single-label tasks"),
        ({"kind": "classification", "class_weights": "even"}, "balanced"),
        ({"kind": "classification", "class_weights": {"a": 0}}, "greater than 0"),
    ],
)
def test_keys_of_other_tasks_are_refused(keys: dict[str, object], gist: str):
    with pytest.raises(ValueError, match=gist):
        TaskConfig.model_validate(keys)
