"""Schedules: which parts begin to train when, and what stays frozen until then."""

from collections import defaultdict
from pathlib import Path

import pytest
import torch

import mtl
from mtl.errors import RecipeError
from mtl.freezing import FreezePlan, Stage, resolve, stages
from mtl.recipe import FreezingConfig, Recipe
from mtl.runs import Step
from tests.mtl.recipes import quick_recipe
from tests.mtl.training.seen import begin
from tests.tiny import LAYERS

NOBODY = frozenset[str]()


def stages_of(layer_count: int = 3, **config: object) -> tuple[Stage, ...]:
    freezing = FreezingConfig(**config)
    return stages(freezing, resolve(freezing, tasks=("a", "b"), layer_count=layer_count))


@pytest.mark.parametrize("preset", ["full", "heads_only", "last_layers", "lora", "all_frozen"])
def test_a_constant_schedule_is_one_stage(preset: str):
    (stage,) = stages_of(preset=preset)
    assert stage.begins == 0.0


@pytest.mark.parametrize(
    ("config", "final"),
    [
        ({}, FreezePlan(3, True, NOBODY)),
        ({"layers": 1}, FreezePlan(1, False, NOBODY)),
        ({"embeddings": "frozen"}, FreezePlan(3, False, NOBODY)),
        ({"backbone": "lora", "rank": 4}, FreezePlan(0, False, NOBODY, rank=4)),
        ({"frozen_heads": ("a",)}, FreezePlan(3, True, frozenset({"a"}))),
    ],
)
def test_probing_first_trains_the_heads_alone_and_then_the_whole_plan(config: dict[str, object], final: FreezePlan):
    first, second = stages_of(preset="probe_then_finetune", probe=0.3, **config)
    assert first == Stage(0.0, FreezePlan(0, False, final.frozen_heads))
    assert second == Stage(0.3, final)


def test_gradual_adds_a_layer_from_the_top_in_each_stage_and_the_embeddings_last():
    found = stages_of(preset="gradual")
    assert [(s.plan.layers, s.plan.embeddings) for s in found] == [
        (0, False),
        (1, False),
        (2, False),
        (3, False),
        (3, True),
    ]
    assert [s.begins for s in found] == pytest.approx([0.0, 0.2, 0.4, 0.6, 0.8])


def test_gradual_over_the_last_layers_stops_at_them():
    found = stages_of(layer_count=6, preset="gradual", layers=2)
    assert [(s.plan.layers, s.plan.embeddings) for s in found] == [(0, False), (1, False), (2, False)]


def test_a_preset_and_the_schedule_that_it_names_agree():
    assert stages_of(preset="gradual", schedule="gradual") == stages_of(preset="gradual")
    assert stages_of(schedule="probe_first") == stages_of(preset="probe_then_finetune")


@pytest.mark.parametrize(
    ("config", "gist"),
    [
        ({"preset": "heads_only", "schedule": "gradual"}, "freezing.schedule: gradual needs layers of the backbone"),
        ({"backbone": "frozen", "schedule": "probe_first"}, "freezing.schedule: probe_first needs layers"),
        ({"preset": "lora", "schedule": "gradual"}, "freezing.schedule: gradual needs layers of the backbone"),
        ({"preset": "gradual", "backbone": "frozen"}, "freezing.schedule: gradual needs layers of the backbone"),
        (
            {"preset": "gradual", "schedule": "probe_first"},
            "freezing.schedule: the preset gradual means gradual, was probe_first",
        ),
        (
            {"preset": "probe_then_finetune", "schedule": "gradual"},
            "freezing.schedule: the preset probe_then_finetune means probe_first, was gradual",
        ),
        ({"preset": "full", "rank": 4}, "freezing.rank: goes with backbone lora, was given with full"),
        ({"preset": "lora", "layers": 1}, "freezing.layers: goes with backbone last_layers, was given with lora"),
        ({"preset": "lora", "embeddings": "trained"}, "freezing.embeddings: trained goes with backbone full"),
        ({"preset": "lora", "backbone": "full"}, "freezing.backbone: the preset lora means lora, was full"),
        ({"preset": "gradual", "backbone": "full", "layers": 2}, "freezing.layers: goes with backbone last_layers"),
        ({"preset": "gradual", "layers": 4}, "freezing.layers: at most 3 (the backbone's layers) was expected, was 4"),
    ],
)
def test_what_contradicts_itself_is_refused(config: dict[str, object], gist: str):
    with pytest.raises(RecipeError) as error:
        stages_of(**config)
    assert str(error.value).startswith(gist)


def test_a_run_refuses_a_schedule_that_has_nothing_to_unfreeze(tiny_bert: Path, tmp_path: Path):
    with pytest.raises(RecipeError, match="freezing.schedule: gradual needs layers of the backbone that train"):
        next(mtl.train(quick_recipe(tiny_bert, tmp_path, freezing={"preset": "heads_only", "schedule": "gradual"})))


def changes(recipe: Recipe) -> dict[int, set[str]]:
    """The parts that each step changed, a step's number first: heads, layers and embeddings by name."""
    trainer, run = begin(recipe)
    model = trainer.loaded.model
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    changed: dict[int, set[str]] = defaultdict(set)
    for event in run:
        if isinstance(event, Step):
            for name, parameter in model.named_parameters():
                if not torch.equal(parameter, before[name]):
                    changed[event.step].add(part_of(name))
                    before[name] = parameter.detach().clone()
    return dict(changed)


def part_of(name: str) -> str:
    """`topic`, `layer 0`, `embeddings` or `adapters of 0`."""
    names = name.split(".")
    if names[0] == "heads":
        return names[1]
    layer = names[names.index("layer") + 1] if "layer" in names else ""
    if "lora_A" in names or "lora_B" in names:
        return f"adapters of {layer}"
    return f"layer {layer}" if layer else "embeddings"


TASKS = ("topic", "names")
ALTERNATE = {"sampling": {"schedule": "round_robin"}}


def steps_of(count: int) -> dict[str, object]:
    return {"budget": {"epochs": 1000, "max_steps": count, "batch_tokens": 64}, **ALTERNATE}


def head_of(step: int) -> str:
    return TASKS[(step - 1) % 2]


def test_while_heads_are_probed_the_backbone_stays_bit_equal(tiny_bert: Path, tmp_path: Path):
    freezing = {"preset": "probe_then_finetune", "layers": 1, "probe": 0.5}
    found = changes(quick_recipe(tiny_bert, tmp_path, TASKS, freezing=freezing, **steps_of(8)))
    for step in range(1, 9):
        assert found[step] == {head_of(step)} | ({f"layer {LAYERS - 1}"} if step > 4 else set())


def test_gradual_unfreezes_from_the_top_and_what_is_not_yet_reached_stays_bit_equal(tiny_bert: Path, tmp_path: Path):
    found = changes(quick_recipe(tiny_bert, tmp_path, TASKS, freezing={"preset": "gradual"}, **steps_of(10)))
    parts = ["layer 2", "layer 1", "layer 0", "embeddings"]
    for step in range(1, 11):
        assert found[step] == {head_of(step), *parts[: (step - 1) // 2]}


def test_gradual_leaves_a_frozen_head_alone_in_every_stage(tiny_bert: Path, tmp_path: Path):
    freezing = {"preset": "gradual", "layers": 1, "frozen_heads": "topic"}
    found = changes(quick_recipe(tiny_bert, tmp_path, TASKS, freezing=freezing, **steps_of(8)))
    assert set().union(*found.values()) == {"names", "layer 2"}
    assert all("layer 2" not in found.get(step, ()) for step in range(1, 5))


def test_adapters_wait_while_heads_are_probed(tiny_bert: Path, tmp_path: Path):
    freezing = {"backbone": "lora", "rank": 2, "schedule": "probe_first", "probe": 0.5}
    found = changes(quick_recipe(tiny_bert, tmp_path, TASKS, freezing=freezing, **steps_of(8)))
    adapters = {f"adapters of {layer}" for layer in range(LAYERS)}
    for step in range(1, 9):
        assert found[step] == {head_of(step)} | (adapters if step > 4 else set())


def test_a_task_without_a_head_waits_for_the_layers(tiny_bert: Path, tmp_path: Path):
    freezing = {"preset": "probe_then_finetune", "layers": 1, "probe": 0.5}
    found = changes(quick_recipe(tiny_bert, tmp_path, ("topic", "pairs"), freezing=freezing, **steps_of(8)))
    assert found == {
        **{step: {"topic"} for step in (1, 3)},
        **{step: {"topic", "layer 2"} for step in (5, 7)},
        **{step: {"layer 2"} for step in (6, 8)},
    }
