"""What a batch costs, how tasks are weighed against one another, and what the events tell of it."""

import math
from collections import Counter
from pathlib import Path

import pytest
import torch

import mtl
from mtl.recipe import Recipe
from mtl.runs import Evaluated, Step
from mtl.training.accumulation import GradientAccumulator
from mtl.training.losses import LossWeights, batch_loss
from tests.mtl.recipes import quick_recipe
from tests.mtl.training.seen import begin, events_of, losses, scores

DRIFT, OVERLAP = "eval/embedding/drift", "eval/embedding/neighbour_overlap"
FIXED = {"topic": 2.0, "names": 0.5}
LONG = {"budget": {"epochs": 1000, "max_steps": 30, "batch_tokens": 64}}


def evaluated(recipe: Recipe) -> list[Evaluated]:
    return [event for event in mtl.train(recipe) if isinstance(event, Evaluated)]


def test_fixed_weights_scale_the_loss():
    weights = LossWeights(FIXED, learned=False)
    assert float(weights("topic", torch.tensor(3.0))) == 6.0
    assert float(weights("names", torch.tensor(3.0))) == 1.5
    assert weights.factors() == FIXED
    assert list(weights.parameters()) == []


@torch.no_grad()
def test_learned_weights_begin_at_the_fixed_ones():
    weights = LossWeights(FIXED, learned=True)
    assert float(weights("topic", torch.tensor(3.0))) == 6.0
    assert weights.factors() == FIXED


@torch.no_grad()
def test_learned_weights_are_those_of_the_paper():
    weights = LossWeights(FIXED, learned=True)
    weights.log_variances["topic"].fill_(0.8)
    assert float(weights("topic", torch.tensor(3.0))) == pytest.approx(math.exp(-0.8) * 2.0 * 3.0 + 0.8 / 2)
    assert weights.factors() == pytest.approx({"topic": 2.0 * math.exp(-0.8), "names": 0.5})


def test_learned_weights_come_to_rest_where_the_variance_is_the_loss():
    weights = LossWeights({"topic": 1.0}, learned=True)
    optimizer = torch.optim.SGD(weights.parameters(), lr=0.5)
    for _ in range(200):
        optimizer.zero_grad()
        weights("topic", torch.tensor(0.7)).backward()
        optimizer.step()
    assert weights.factors()["topic"] == pytest.approx(1 / (2 * 0.7), rel=1e-3)  # the minimum of exp(-s) L + s / 2


def test_uncertainty_changes_the_weights_of_all_tasks_and_keeps_them_positive(tiny_bert: Path, tmp_path: Path):
    recipe = quick_recipe(tiny_bert, tmp_path, balancing="uncertainty", evaluation={"every": 10}, **LONG)
    found = evaluated(recipe)
    assert found[0].weights == {"topic": 1.0, "names": 1.0, "pairs": 1.0}
    for before, after in zip(found, found[1:], strict=False):
        assert all(after.weights[task] != before.weights[task] for task in recipe.tasks if after.draws.get(task))
        assert all(weight > 0 for weight in after.weights.values())
    assert set(found[-1].weights) == set(recipe.tasks)


def test_static_balancing_leaves_the_weights_at_the_recipes(tiny_bert: Path, tmp_path: Path):
    recipe = quick_recipe(tiny_bert, tmp_path, tasks_topic={"weight": 0.3}, tasks_pairs={"weight": 2}, **LONG)
    assert [e.weights for e in evaluated(recipe)] == [{"topic": 0.3, "names": 1.0, "pairs": 2.0}] * 2


def test_the_draws_and_losses_of_an_evaluation_are_those_of_the_steps_before_it(tiny_bert: Path, tmp_path: Path):
    recipe = quick_recipe(tiny_bert, tmp_path, evaluation={"every": 7}, **LONG)
    events = events_of(recipe)
    assert [e.step for e in events if isinstance(e, Evaluated)] == [0, 7, 14, 21, 28, 30]
    since: list[Step] = []
    for event in events:
        if isinstance(event, Step):
            since.append(event)
        if isinstance(event, Evaluated):
            draws = Counter(step.task for step in since)
            assert event.draws == draws
            means = {task: sum(s.loss for s in since if s.task == task) / draws[task] for task in draws}
            assert event.losses == pytest.approx(means)
            since.clear()


def test_the_loss_told_is_the_tasks_own_without_weight_and_anchor(tiny_bert: Path, tmp_path: Path):
    last = {"head": {"layers": "last"}}  # with an anchor tags are read from another layer
    plain = losses(events_of(quick_recipe(tiny_bert, tmp_path, tasks_names=last)))
    heavy = {f"tasks_{name}": {"weight": 3.0} for name in ("topic", "names", "pairs")}
    heavy["tasks_names"] |= last
    weighted = losses(events_of(quick_recipe(tiny_bert, tmp_path, anchor=1.0, **heavy)))
    assert weighted[0] == plain[0]


@pytest.mark.parametrize("preset", [{"preset": "full"}, {"preset": "lora", "rank": 4}], ids=["full", "lora"])
def test_an_anchor_keeps_the_embedding_nearer_to_the_untouched_backbone(
    tiny_bert: Path, tmp_path: Path, preset: dict[str, object]
):
    rates = {"backbone_lr": 5e-3, "head_lr": 1e-2}
    tasks = ("topic", "names")
    free, held = (
        evaluated(quick_recipe(tiny_bert, tmp_path, tasks, freezing=preset, optimizer=rates, anchor=anchor, **LONG))
        for anchor in (0.0, 30.0)
    )
    assert held[-1].metrics[DRIFT] < 0.5 * free[-1].metrics[DRIFT]
    assert held[-1].metrics[OVERLAP] > free[-1].metrics[OVERLAP]


def test_an_anchor_costs_its_weight_times_one_minus_the_mean_cosine(tiny_bert: Path, tmp_path: Path):
    trainer, run = begin(quick_recipe(tiny_bert, tmp_path, ("topic",), anchor=2.0))
    batch = trainer.batch(next(iter(trainer.schedule.sampler)))
    assert batch.anchors is not None
    model = trainer.loaded.model.eval()
    with torch.no_grad():
        assert float(batch_loss(model, batch).moved) == pytest.approx(0.0, abs=1e-6)
        model.encoder.parts().layers[2].output.dense.weight.mul_(3)
        moved = batch_loss(model, batch).moved
        embedding = model.encoder(batch.tokens).embedding
    cosines = [float(a @ b / (a.norm() * b.norm())) for a, b in zip(embedding, batch.anchors, strict=True)]
    expected = 1 - sum(cosines) / len(cosines)
    assert expected > 0.001
    assert float(moved) == pytest.approx(expected, abs=1e-5)
    outcome = GradientAccumulator(trainer)(next(iter(trainer.schedule.sampler)))
    assert outcome.total - outcome.loss == pytest.approx(2.0 * expected, abs=1e-5)
    run.close()


def test_an_anchor_is_drawn_for_both_texts_of_a_pair(tiny_bert: Path, tmp_path: Path):
    trainer, run = begin(quick_recipe(tiny_bert, tmp_path, ("pairs",), anchor=1.0))
    batch = trainer.batch(next(iter(trainer.schedule.sampler)))
    assert batch.anchors.shape[0] == 2 * len(batch.targets["pairs"].values)
    run.close()


def test_an_anchor_is_idle_on_a_frozen_backbone(tiny_bert: Path, tmp_path: Path):
    trainer, run = begin(quick_recipe(tiny_bert, tmp_path, ("topic",), anchor=1.0, freezing={"preset": "heads_only"}))
    assert trainer.batch(next(iter(trainer.schedule.sampler))).anchors is None
    run.close()


def test_an_anchor_works_from_cached_states_as_from_the_bottom(tiny_bert: Path, tmp_path: Path):
    def run(*, cached: bool) -> list[float]:
        freezing = {"preset": "last_layers", "layers": 1}
        sections = {"freezing": freezing, "anchor": 5.0, "cache": {"enabled": cached}}
        return scores(events_of(quick_recipe(tiny_bert, tmp_path, ("topic",), **sections)), DRIFT)

    assert run(cached=True) == pytest.approx(run(cached=False), abs=1e-3)


def test_uncertainty_learns_at_the_heads_rate_and_without_decay(tiny_bert: Path, tmp_path: Path):
    trainer, run = begin(quick_recipe(tiny_bert, tmp_path, ("topic",), balancing="uncertainty"))
    learned = trainer.schedule.weights.log_variances["topic"]
    groups = trainer.schedule.optimization.optimizer.param_groups
    (group,) = (g for g in groups if any(p is learned for p in g["params"]))
    assert (group["initial_lr"], group["weight_decay"]) == (trainer.recipe.optimizer.head_lr, 0.0)
    run.close()
