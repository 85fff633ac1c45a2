"""Weights of classes, and heads that meet new labels."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file
from sklearn.utils.class_weight import compute_class_weight

from mtl.data import LabelledText, TaskData, labels_of
from mtl.errors import RecipeError
from mtl.recipe import TaskConfig, TaskKind
from mtl.training.initial_model import class_weights, load_initial_model
from mtl.training.setup import set_up
from tests.mtl.recipes import recipe_of
from tests.mtl.training.seen import events_of, losses


def data_of(gold: list[str], weights: object) -> TaskData:
    examples = tuple(LabelledText("a", label) for label in gold)
    config = TaskConfig(kind=TaskKind.CLASSIFICATION, class_weights=weights)
    return TaskData("topic", config, examples, (), labels_of(examples))


@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=30))
def test_balanced_weights_are_those_of_scikit_learn(gold: list[str]):
    data = data_of(gold, "balanced")
    expected = compute_class_weight("balanced", classes=np.array(data.labels), y=np.array(gold))
    assert class_weights(data, data.labels) == pytest.approx(expected.tolist())
    assert class_weights(data, (*data.labels, "never seen"))[-1] == 1.0


def test_given_weights_are_taken_and_others_are_one():
    data = data_of(["a", "b", "7"], {"b": 3, 7: 0.5})
    assert class_weights(data, ("7", "a", "b")) == [0.5, 1.0, 3.0]


def test_a_weight_of_an_unknown_label_is_refused():
    with pytest.raises(RecipeError, match=r"^tasks.topic.class_weights: labels of a, b were expected, was c$"):
        class_weights(data_of(["a", "b"], {"c": 2}), ("a", "b"))


def test_weights_reach_the_loss_of_a_run(tiny_bert: Path):
    plain, weighted = (
        losses(events_of(recipe_of(tiny_bert, ["sentiment"], tasks_sentiment=keys)))
        for keys in ({}, {"class_weights": {"positive": 9.0}})
    )
    assert plain != weighted


FIRST = {
    "topic": ("text,label\na team,sport\na bank,money\n", "csv", {"kind": "classification"}),
    "names": ("anna\tB-PER\nleft\tO\n", "conll", {"kind": "tagging"}),
    "crf": ("anna\tB-PER\nleft\tO\n", "conll", {"kind": "tagging", "head": {"decoder": "crf"}}),
    "about": ('{"text": "a team", "labels": ["sport"]}\n', "jsonl", {"kind": "classification", "multi_label": True}),
}
MORE = {
    "topic": "text,label\na team,sport\na flight,air\n",
    "names": "paris\tB-LOC\nanna\tB-PER\n",
    "crf": "paris\tB-LOC\nanna\tB-PER\n",
    "about": '{"text": "a flight", "labels": ["air"]}\n',
}
NEW = {"topic": "air", "names": "LOC", "crf": "LOC", "about": "air"}


@pytest.fixture(scope="module")
def folder(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoint of a model with a task of each kind that has labels, beside its files."""
    folder = tmp_path_factory.mktemp("grown")
    for name, (content, suffix, _) in FIRST.items():
        (folder / f"{name}.{suffix}").write_text(content * 4)
        (folder / f"{name}-more.{suffix}").write_text(MORE[name] * 4 if suffix != "csv" else MORE[name])
    events_of(recipe(tiny_bert, folder, ""), folder / "run")
    return folder


def recipe(backbone: Path, folder: Path, ending: str, **sections: object):  # noqa: ANN201
    from mtl.recipe import parse

    tasks = {
        name: {**keys, "train": str(folder / f"{name}{ending}.{suffix}")} for name, (_, suffix, keys) in FIRST.items()
    }
    if ending:
        tasks = {name: {key: value for key, value in task.items() if key != "head"} for name, task in tasks.items()}
    content = {"backbone": str(backbone), "tasks": tasks, "budget": {"epochs": 100, "max_steps": 3, "batch_tokens": 64}}
    return parse({**content, "freezing": {"preset": "heads_only"}, **sections}, folder=folder)


def test_a_head_that_meets_new_labels_keeps_its_rows_and_adds_new_ones(folder: Path):
    trainer = set_up(recipe(folder / "run" / "last", folder, "-more"))
    before = load_file(folder / "run" / "last" / "model.safetensors")
    model = trainer.loaded.model
    for name, label in NEW.items():
        assert model.tasks[name].labels[-1] == label
        assert f"{name}: the checkpoint's head keeps its labels and learns new ones: {label}" in trainer.notes()
    for name, parameter in model.named_parameters():
        if name in before:
            old = before[name]
            assert torch.equal(parameter[tuple(slice(size) for size in old.shape)], old), name
            is_output = ".output." in name or name.endswith(("transitions", "starts"))
            assert (parameter.shape != old.shape) is is_output, name


@pytest.mark.slow
def test_a_grown_head_trains_and_is_saved(folder: Path, tmp_path: Path):
    from mtl import Engine

    events_of(recipe(folder / "run" / "last", folder, "-more"), tmp_path)
    engine = Engine.load(tmp_path / "last")
    (found,) = engine.analyze(["a flight to paris"])
    assert all(NEW[name] in found.classes[name] for name in ("topic", "about"))
    assert all(engine.tasks[name].labels[-1] == label for name, label in NEW.items())


@pytest.mark.parametrize("freezing", [{"preset": "all_frozen"}, {"preset": "full", "frozen_heads": list(FIRST)}])
def test_a_frozen_head_does_not_grow(folder: Path, freezing: dict[str, object]):
    with pytest.raises(RecipeError, match=r"^tasks.topic.train: labels of the checkpoint's head .* its head is frozen"):
        set_up(recipe(folder / "run" / "last", folder, "-more", freezing=freezing))


def test_labels_of_a_head_stay_in_their_place_when_nothing_is_new(folder: Path):
    one = recipe(folder / "run" / "last", folder, "")
    from mtl.data import read_task

    initial = load_initial_model(one, {name: read_task(name, config) for name, config in one.tasks.items()})
    assert initial.grown == {}
