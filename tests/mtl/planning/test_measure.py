"""A plan beside the run that it foresees, and the traces that it must not leave."""

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from mtl.errors import DataError, RecipeError
from mtl.planning import Plan, costs, measure, plan
from mtl.recipe import Recipe
from mtl.runs import Event, Started, Step
from mtl.training import Trainer, set_up
from tests.mtl.recipes import quick_recipe, recipe_of
from tests.mtl.training.seen import events_of
from tests.tiny import LAYERS

SHARED = {"head": {"shared": "early"}}
RECIPES: dict[str, dict[str, object]] = {
    "full": {"freezing": {"preset": "full"}},
    "last_layers": {"freezing": {"preset": "last_layers", "layers": 1}},
    "heads_only": {"freezing": {"preset": "heads_only"}},
    "lora": {"freezing": {"preset": "lora", "rank": 2}},
    "gradual": {"freezing": {"preset": "gradual"}},
    "probe_then_finetune": {"freezing": {"preset": "probe_then_finetune", "layers": 1}},
    "round_robin": {"sampling": {"schedule": "round_robin"}},
    "proportional": {"sampling": {"alpha": 1.0}},
    "epochs": {"budget": {"epochs": 2, "batch_tokens": 64}},
    "half": {"checkpoint": {"dtype": "float16"}},
    "all_frozen": {"freezing": {"preset": "all_frozen"}},
}


@dataclass(frozen=True)
class Foreseen:
    """A plan, and then the run, its checkpoint's tensors and the cache that it filled."""

    recipe: Recipe
    plan: Plan
    events: list[Event]
    tensor_bytes: int
    cache_bytes: int

    @property
    def started(self) -> Started:
        assert isinstance(self.events[0], Started)
        return self.events[0]


def traces(home: Path) -> list[Path]:
    """What is left in the home, but for the note of where a backbone is that was loaded from a folder."""
    return [file for file in home.rglob("*") if file.is_file() and file.parent != home / "backbones"]


def foresee(recipe: Recipe, folder: Path) -> Foreseen:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MTL_HOME", str(folder / "home"))
        found = plan(recipe)
        assert traces(folder / "home") == []
        events = events_of(recipe, folder / "run")
    tensors = load_file(folder / "run" / "last" / "model.safetensors").values()
    values = (folder / "home").rglob("values.npy")
    return Foreseen(
        recipe,
        found,
        events,
        sum(tensor.numel() * tensor.element_size() for tensor in tensors),
        sum(file.stat().st_size - 128 for file in values),
    )


@pytest.fixture(scope="module", params=RECIPES)
def foreseen(request: pytest.FixtureRequest, tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Foreseen:
    folder = tmp_path_factory.mktemp(request.param)
    return foresee(quick_recipe(tiny_bert, folder, **RECIPES[request.param]), folder)


def test_the_parts_add_up_to_the_model(foreseen: Foreseen):
    assert sum(part.parameters for part in foreseen.plan.parts) == foreseen.started.total_parameters


def test_what_trains_is_what_the_run_trains(foreseen: Foreseen):
    assert foreseen.plan.trained_parameters == foreseen.started.trained_parameters


def test_the_steps_are_those_of_the_run(foreseen: Foreseen):
    assert foreseen.plan.steps == foreseen.started.total_steps == sum(isinstance(e, Step) for e in foreseen.events)


def test_the_draws_are_those_of_the_run(foreseen: Foreseen):
    drawn = Counter(event.task for event in foreseen.events if isinstance(event, Step))
    assert {task: count for task, count in foreseen.plan.draws.items() if count} == drawn


def test_the_checkpoint_is_as_large_as_foreseen(foreseen: Foreseen):
    if foreseen.started.trained_parameters:  # else it holds the heads as they are
        assert foreseen.plan.checkpoint_bytes == foreseen.tensor_bytes


def test_the_cache_is_as_large_as_foreseen(foreseen: Foreseen):
    assert foreseen.plan.cache_bytes == foreseen.cache_bytes


def test_time_and_memory_are_told(foreseen: Foreseen):
    assert (foreseen.plan.seconds > 0) == bool(foreseen.plan.steps)
    assert foreseen.plan.memory_bytes > 10**7


EMBEDDINGS, TOP = "embeddings", f"layer {LAYERS}"
LAYER_NAMES = [f"layer {i}" for i in range(1, LAYERS + 1)]


@pytest.mark.parametrize(
    ("freezing", "trains"),
    [
        ({"preset": "full"}, [EMBEDDINGS, *LAYER_NAMES, "topic head", "names head"]),
        ({"preset": "last_layers", "layers": 1}, [TOP, "topic head", "names head"]),
        ({"preset": "heads_only"}, ["topic head", "names head"]),
        ({"preset": "heads_only", "frozen_heads": "topic"}, ["names head"]),
        ({"backbone": "full", "embeddings": "frozen"}, [*LAYER_NAMES, "topic head", "names head"]),
        ({"preset": "lora", "rank": 2}, ["topic head", "names head", "adapters"]),
        ({"preset": "gradual", "layers": 1}, [TOP, "topic head", "names head"]),
        ({"preset": "all_frozen"}, []),
    ],
)
def test_the_parts_that_train_are_marked(
    tiny_bert: Path, tmp_path: Path, freezing: dict[str, object], trains: list[str]
):
    found = plan(quick_recipe(tiny_bert, tmp_path, ("topic", "names"), freezing=freezing))
    assert [part.name for part in found.parts if part.trains] == trains
    assert [part.name for part in found.parts][: LAYERS + 1] == [EMBEDDINGS, *LAYER_NAMES]


@pytest.mark.parametrize("freezing", [{"preset": "full"}, {"preset": "heads_only", "frozen_heads": "mood"}])
def test_a_layer_that_heads_share_counts_once(tiny_bert: Path, tmp_path: Path, freezing: dict[str, object]):
    base = quick_recipe(tiny_bert, tmp_path, ("topic",), tasks_topic=SHARED)
    tasks = {"topic": base.tasks["topic"], "mood": base.tasks["topic"]}
    recipe = Recipe.model_validate(base.model_dump() | {"tasks": tasks, "freezing": freezing})
    found, started = plan(recipe), events_of(recipe)[0]
    assert sum(part.parameters for part in found.parts) == started.total_parameters
    assert found.trained_parameters == started.trained_parameters


def test_planning_changes_no_weight(tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    made: list[tuple[Trainer, dict[str, torch.Tensor]]] = []

    def remember(recipe: Recipe, **how: bool) -> Trainer:
        trainer = set_up(recipe, **how)
        tensors = {name: p.detach().clone() for name, p in trainer.loaded.model.named_parameters()}
        made.append((trainer, tensors))
        return trainer

    monkeypatch.setattr(measure, "set_up", remember)
    plan(quick_recipe(tiny_bert, tmp_path, balancing="uncertainty"))
    ((trainer, before),) = made
    after = dict(trainer.loaded.model.named_parameters())
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())
    assert all(p.grad is None for p in after.values())
    assert trainer.schedule.weights.factors() == {"topic": 1.0, "names": 1.0, "pairs": 1.0}


def test_a_run_after_a_plan_is_as_without_it(tiny_bert: Path, tmp_path: Path):
    recipe = quick_recipe(tiny_bert, tmp_path, freezing={"preset": "last_layers", "layers": 1})
    before = [event.loss for event in events_of(recipe) if isinstance(event, Step)]
    plan(recipe)
    assert [event.loss for event in events_of(recipe) if isinstance(event, Step)] == before


def test_planning_leaves_nothing_in_the_home(tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))
    recipe = quick_recipe(tiny_bert, tmp_path, freezing={"preset": "heads_only"})
    files = sorted(os.listdir(tmp_path))
    plan(recipe)
    assert traces(tmp_path / "home") == []
    assert sorted({*os.listdir(tmp_path)} - {"home"}) == files


def test_a_disabled_cache_takes_no_bytes(tiny_bert: Path, tmp_path: Path):
    frozen = {"preset": "heads_only"}
    assert plan(quick_recipe(tiny_bert, tmp_path, freezing=frozen, cache={"enabled": False})).cache_bytes == 0


def test_more_steps_take_more_time(tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(costs, "_measure", lambda *_: costs._Pace(step=1e-3, lower=0.0))
    seconds = [
        plan(quick_recipe(tiny_bert, tmp_path, budget={"epochs": epochs, "batch_tokens": 64})).seconds
        for epochs in (2, 4, 8)
    ]
    first, second = (
        seconds[1] - seconds[0],
        seconds[2] - seconds[1],
    )  # the evaluation before the first step is in neither
    assert 0 < 1.5 * first < second < 2.5 * first


def test_what_training_would_refuse_a_plan_refuses(tiny_bert: Path, tmp_path: Path):
    with pytest.raises(RecipeError, match="at most 3"):
        plan(recipe_of(tiny_bert, ["topic"], freezing={"preset": "last_layers", "layers": 9}))
    (tmp_path / "bad.csv").write_text("text,label\nonly text\n")
    with pytest.raises(DataError, match="bad.csv:2"):
        plan(recipe_of(tiny_bert, ["topic"], tasks_topic={"train": str(tmp_path / "bad.csv")}))


def test_a_frozen_head_that_was_never_trained_is_told(tiny_bert: Path, tmp_path: Path):
    freezing = {"preset": "one_head_frozen", "frozen_heads": "names"}
    found = plan(quick_recipe(tiny_bert, tmp_path, ("topic", "names"), freezing=freezing))
    assert [w for w in found.warnings if "never trained" in w] == [
        "names: its head is frozen and was never trained, so its predictions will be those of chance"
    ]


def test_a_plan_keeps_no_anchors_and_foresees_what_they_take(tiny_bert: Path, tmp_path: Path):
    found = foresee(quick_recipe(tiny_bert, tmp_path, freezing={"preset": "full"}, anchor=0.5), tmp_path)
    assert found.plan.cache_bytes == found.cache_bytes > 0


def test_states_that_have_no_room_are_left_out_and_the_plan_says_so(tiny_bert: Path, tmp_path: Path):
    heads = {"freezing": {"preset": "heads_only"}}
    kept, left_out = (plan(quick_recipe(tiny_bert, tmp_path, **heads, cache={"max_gb": most})) for most in (1.0, 1e-6))
    assert left_out.cache_bytes < kept.cache_bytes
    assert not any("no room" in line for line in kept.warnings)
    (line,) = [line for line in left_out.warnings if "no room" in line]
    assert "cache.max_gb (1e-06), so every step computes them anew" in line


def test_tasks_that_are_only_measured_change_no_advice(tiny_bert: Path, tmp_path: Path):
    alone = quick_recipe(tiny_bert, tmp_path, ("topic",))
    beside = quick_recipe(tiny_bert, tmp_path, ("topic", "pairs"), tasks_pairs={"train": []})
    assert plan(beside).advice == plan(alone).advice
