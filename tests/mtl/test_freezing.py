"""Frozen for real: tensors bit-equal after training, modules in eval mode, nothing in the optimizer."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

import mtl
from mtl.encoder import load_backbone
from mtl.errors import RecipeError
from mtl.freezing import FreezePlan, Freezer, resolve
from mtl.model import MultiTaskModel, TaskInfo
from mtl.recipe import FreezingConfig, HeadConfig, Recipe, TaskKind
from mtl.runs import Evaluated, Event, Finished, Started, Step, StopReason
from mtl.training import Trainer, loop
from tests.mtl.encoder.batches import batch_of
from tests.mtl.recipes import recipe_of
from tests.tiny import LAYERS

TASKS = ("topic", "sentiment", "entities", "names")


@dataclass
class Watched:
    """A run seen from outside: its events, its tensors before and after, and the modes of modules at each step."""

    trainer: Trainer
    events: list[Event]
    before: dict[str, torch.Tensor]
    training: dict[int, set[str]]

    @property
    def parameters(self) -> dict[str, torch.nn.Parameter]:
        return dict(self.trainer.loaded.model.named_parameters())

    @property
    def changed(self) -> set[str]:
        return {name for name, tensor in self.parameters.items() if not torch.equal(tensor, self.before[name])}


def watch(recipe: Recipe) -> Watched:
    trainers: list[Trainer] = []
    set_up = loop.set_up

    def remember(recipe: Recipe, **how: bool) -> Trainer:
        trainers.append(set_up(recipe, **how))
        return trainers[-1]

    run = mtl.train(recipe)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "set_up", remember)
        events = [next(run)]
    model = trainers[0].loaded.model
    watched = Watched(trainers[0], events, {n: p.detach().clone() for n, p in model.named_parameters()}, {})
    for event in run:
        events.append(event)
        if isinstance(event, Step):
            watched.training[event.step] = {name for name, module in model.named_modules() if module.training}
    return watched


LAYER = "encoder.model.encoder.layer."
ALL_HEADS = tuple(f"heads.{task}." for task in TASKS)
EVERY_LAYER = tuple(f"{LAYER}{i}." for i in range(LAYERS))
# A freezing section, and the beginnings of the names of all tensors that it trains.
CASES: dict[str, tuple[dict[str, object], tuple[str, ...]]] = {
    "heads_only": ({"preset": "heads_only"}, ALL_HEADS),
    "heads_only_but_one": ({"preset": "heads_only", "frozen_heads": ["entities"]}, (*ALL_HEADS[:2], ALL_HEADS[3])),
    "one_head_frozen": (
        {"preset": "one_head_frozen", "frozen_heads": "names"},
        (*ALL_HEADS[:3], *EVERY_LAYER, "encoder.model.embeddings."),
    ),
    "one_head_frozen_last_layer": (
        {"preset": "one_head_frozen", "frozen_heads": "topic", "layers": 1},
        (*ALL_HEADS[1:], f"{LAYER}2."),
    ),
    "last_layers": ({"preset": "last_layers"}, (*ALL_HEADS, *EVERY_LAYER[1:])),
    "last_layers_1": ({"preset": "last_layers", "layers": 1}, (*ALL_HEADS, f"{LAYER}2.")),
    "last_layers_all": ({"preset": "last_layers", "layers": LAYERS}, (*ALL_HEADS, *EVERY_LAYER)),
    "full": ({"preset": "full"}, (*ALL_HEADS, *EVERY_LAYER, "encoder.model.embeddings.")),
    "full_but_embeddings": ({"backbone": "full", "embeddings": "frozen"}, (*ALL_HEADS, *EVERY_LAYER)),
}


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest, tiny_bert: Path) -> tuple[Watched, tuple[str, ...]]:
    """A run of six steps with an evaluation in between, and what it trains."""
    freezing, trained = CASES[request.param]
    recipe = recipe_of(
        tiny_bert, TASKS, freezing=freezing, sampling={"schedule": "round_robin"}, evaluation={"every": 4}
    )
    return watch(recipe), trained


Case = tuple[Watched, tuple[str, ...]]


def test_after_a_run_trained_tensors_have_changed_and_all_others_are_bit_equal(case: Case):
    run, trained = case
    assert run.changed == {name for name in run.parameters if name.startswith(trained)}


def test_in_a_run_frozen_modules_stay_in_eval_mode(case: Case):
    run, trained = case
    places = {name for name, _ in run.trainer.loaded.model.named_modules()}
    frozen = {
        name
        for name in places
        if name.startswith((LAYER, "encoder.model.embeddings", *(prefix.rstrip(".") for prefix in ALL_HEADS)))
        and not f"{name}.".startswith(trained)
    }
    assert frozen or len(trained) == len(ALL_HEADS) + LAYERS + 1
    assert list(run.training) == [1, 2, 3, 4, 5, 6]
    assert not any(frozen & training for training in run.training.values())


def test_in_a_run_trained_modules_are_in_train_mode_at_every_step(case: Case):
    run, trained = case
    places = {name for name, _ in run.trainer.loaded.model.named_modules() if name.startswith(trained)}
    assert places
    assert all(places <= training for training in run.training.values())


def test_the_optimizer_holds_what_trains_and_nothing_else(case: Case):
    run, trained = case
    held = {id(p) for group in run.trainer.schedule.optimization.optimizer.param_groups for p in group["params"]}
    assert held == {id(p) for name, p in run.parameters.items() if name.startswith(trained)}


def test_a_run_says_how_many_numbers_train(case: Case):
    run, trained = case
    started = run.events[0]
    assert isinstance(started, Started)
    assert started.total_parameters == sum(p.numel() for p in run.parameters.values())
    assert started.trained_parameters == sum(p.numel() for n, p in run.parameters.items() if n.startswith(trained))


def test_all_frozen_evaluates_and_says_that_nothing_trains(tiny_bert: Path):
    run = watch(recipe_of(tiny_bert, TASKS, freezing={"preset": "all_frozen"}))
    assert [type(event) for event in run.events] == [Started, Evaluated, Finished]
    assert run.events[0].trained_parameters == 0
    assert set(run.events[1].metrics) >= {"eval/topic/accuracy", "eval/entities/f1"}
    assert run.events[2].reason is StopReason.NOTHING_TRAINS
    assert run.events[2].message.startswith("Nothing trains")
    assert not run.changed


def test_a_similarity_task_alone_cannot_train_a_frozen_backbone(tiny_bert: Path):
    run = watch(recipe_of(tiny_bert, ["similarity"], freezing={"preset": "heads_only"}))
    assert run.events[-1].reason is StopReason.NOTHING_TRAINS


def test_a_layer_that_heads_share_is_frozen_with_any_of_them(tiny_bert: Path):
    shared = {"head": {"shared": "early"}}
    freezing = {"preset": "heads_only", "frozen_heads": ["topic"]}
    recipe = recipe_of(tiny_bert, ["topic", "sentiment"], tasks_topic=shared, tasks_sentiment=shared, freezing=freezing)
    run = watch(recipe)
    assert run.changed == {"heads.sentiment.output.weight", "heads.sentiment.output.bias"}
    assert not any(name.startswith("shared.early") for training in run.training.values() for name in training)


def test_a_layer_that_trained_heads_share_trains(tiny_bert: Path):
    shared = {"head": {"shared": "early"}}
    recipe = recipe_of(
        tiny_bert, ["topic", "sentiment"], tasks_topic=shared, tasks_sentiment=shared, freezing={"preset": "heads_only"}
    )
    run = watch(recipe)
    assert {"shared.early.0.weight", "shared.early.0.bias"} <= run.changed


def test_what_follows_the_last_layer_trains_with_it(backbone_folder: Callable[[str], Path]):
    model = MultiTaskModel(load_backbone(str(backbone_folder("modernbert"))).encoder, {})
    Freezer(model, FreezePlan(1, False, frozenset()))
    assert model.encoder.model.final_norm.weight.requires_grad
    Freezer(model, FreezePlan(0, False, frozenset()))
    assert not any(p.requires_grad for p in model.parameters())


def test_tables_that_all_layers_share_count_as_the_bottom(backbone_folder: Callable[[str], Path]):
    model = MultiTaskModel(load_backbone(str(backbone_folder("deberta-v2"))).encoder, {})
    Freezer(model, FreezePlan(LAYERS, False, frozenset()))
    assert not model.encoder.model.encoder.rel_embeddings.weight.requires_grad


def test_a_frozen_backbone_has_no_dropout_beside_training_heads(tiny_bert: Path):
    task = TaskInfo("topic", TaskKind.CLASSIFICATION, ("a", "b"), HeadConfig())
    backbone = load_backbone(str(tiny_bert))
    model = MultiTaskModel(backbone.encoder, {"topic": task})
    freezer = Freezer(model, FreezePlan(0, False, frozenset()))
    freezer.train()
    batch = batch_of(backbone, ["the doctor met anna"])
    assert torch.equal(model.encoder(batch).pooled, model.encoder(batch).pooled)
    assert model.heads["topic"].training


@pytest.mark.parametrize(
    ("config", "plan"),
    [
        ({}, FreezePlan(6, True, frozenset())),
        ({"layers": 3}, FreezePlan(3, False, frozenset())),
        ({"preset": "full"}, FreezePlan(6, True, frozenset())),
        ({"preset": "full", "embeddings": "frozen"}, FreezePlan(6, False, frozenset())),
        ({"preset": "full", "frozen_heads": ("a",)}, FreezePlan(6, True, frozenset({"a"}))),
        ({"preset": "heads_only"}, FreezePlan(0, False, frozenset())),
        ({"preset": "all_frozen"}, FreezePlan(0, False, frozenset({"a", "b"}))),
        ({"preset": "last_layers"}, FreezePlan(2, False, frozenset())),
        ({"preset": "last_layers", "layers": 6}, FreezePlan(6, False, frozenset())),
        ({"backbone": "frozen"}, FreezePlan(0, False, frozenset())),
        ({"backbone": "last_layers", "layers": 1}, FreezePlan(1, False, frozenset())),
        ({"preset": "one_head_frozen", "frozen_heads": ("b",)}, FreezePlan(6, True, frozenset({"b"}))),
        ({"preset": "one_head_frozen", "frozen_heads": ("b",), "layers": 2}, FreezePlan(2, False, frozenset({"b"}))),
    ],
)
def test_a_freezing_section_becomes_a_plan(config: dict[str, object], plan: FreezePlan):
    assert resolve(FreezingConfig(**config), tasks=("a", "b"), layer_count=6) == plan


def test_a_backbone_of_one_layer_has_one_last_layer():
    assert resolve(FreezingConfig(preset="last_layers"), tasks=("a",), layer_count=1).layers == 1


@pytest.mark.parametrize(
    ("config", "gist"),
    [
        ({"preset": "full", "layers": 2}, "freezing.layers: goes with backbone last_layers, was given with full"),
        ({"preset": "heads_only", "layers": 2}, "freezing.layers: goes with backbone last_layers"),
        (
            {"preset": "last_layers", "layers": 7},
            "freezing.layers: at most 6 (the backbone's layers) was expected, was 7",
        ),
        ({"preset": "full", "backbone": "frozen"}, "freezing.backbone: the preset full means full, was frozen"),
        ({"preset": "heads_only", "embeddings": "trained"}, "freezing.embeddings: trained goes with backbone full"),
        ({"preset": "one_head_frozen"}, "freezing.frozen_heads: one_head_frozen names exactly one of a, b, was none"),
        (
            {"preset": "one_head_frozen", "frozen_heads": ("a", "b")},
            "freezing.frozen_heads: one_head_frozen names exactly one of a, b, was a, b",
        ),
    ],
)
def test_a_freezing_section_that_contradicts_itself_is_refused(config: dict[str, object], gist: str):
    with pytest.raises(RecipeError) as error:
        resolve(FreezingConfig(**config), tasks=("a", "b"), layer_count=6)
    assert str(error.value).startswith(gist)


def test_a_plan_knows_whether_the_backbone_trains_and_what_never_changes():
    nobody = frozenset[str]()
    assert not FreezePlan(0, False, nobody).backbone_trains
    assert FreezePlan(1, False, nobody).backbone_trains
    assert FreezePlan(0, False, nobody, rank=4).backbone_trains
    assert FreezePlan(0, False, nobody).frozen_below(6) == 6
    assert FreezePlan(2, False, nobody).frozen_below(6) == 4
    assert FreezePlan(6, True, nobody).frozen_below(6) == 0
    assert FreezePlan(0, False, nobody, rank=4).frozen_below(6) == 0
