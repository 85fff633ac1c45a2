"""Losses, gradients and metrics that are not finite: weights, best checkpoint and figures stay as they were."""

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

import mtl
from mtl.checkpoint import read_config
from mtl.errors import TrainingError
from mtl.model import MultiTaskModel
from mtl.recipe import Recipe
from mtl.runs import Evaluated, Event, Failed, Noticed, RunFolder, Saved, Step
from mtl.training import accumulation, run_in_folder, setup
from mtl.training.losses import BatchLoss
from mtl.training.stage import StageState
from mtl.training.train_set import TrainBatch
from tests.mtl.recipes import quick_recipe
from tests.tiers import pairs

FAILS_AT = 3
BUDGET = {"epochs": 1000, "max_steps": 6, "batch_tokens": 64}
SECTIONS: dict[str, dict[str, object]] = {
    "plain": {},
    "micro-batches": {"budget": {**BUDGET, "micro_batch_tokens": 20}},
    "uncertainty": {"balancing": "uncertainty"},
    "anchored": {"anchor": 1.0},
    "lora": {"freezing": {"preset": "lora", "rank": 2}},
}


class Spoiled(torch.autograd.Function):
    """A loss that stays what it is, with a gradient that is not finite."""

    @staticmethod
    def forward(ctx: object, loss: Tensor, value: float) -> Tensor:
        ctx.value = value
        return loss.clone()

    @staticmethod
    def backward(ctx: object, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient * ctx.value, None


def each(change: Callable[[Tensor], Tensor]) -> Callable[[BatchLoss], BatchLoss]:
    return lambda loss: BatchLoss({name: change(value) for name, value in loss.tasks.items()}, loss.moved)


FAULTS: dict[str, Callable[[BatchLoss], BatchLoss]] = {
    "loss nan": each(lambda loss: loss * math.nan),
    "loss inf": each(lambda loss: loss * math.inf),
    "gradient nan": each(lambda loss: Spoiled.apply(loss, math.nan)),
    "gradient inf": each(lambda loss: Spoiled.apply(loss, math.inf)),
    "anchor nan": lambda loss: BatchLoss(loss.tasks, torch.tensor(math.nan)),
}


def recipe_of(backbone: Path, folder: Path, **sections: object) -> Recipe:
    return quick_recipe(backbone, folder, ("topic", "names"), **{"budget": BUDGET, **sections})


@pytest.fixture
def spoil(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Make the last micro-batch of a step faulty."""

    def spoil(fault: str) -> None:
        honest, honest_step = accumulation.batch_loss, accumulation.GradientAccumulator.__call__
        steps: list[int] = []

        def counted(self: accumulation.GradientAccumulator, indices: object) -> object:
            steps.append(1)
            return honest_step(self, indices)

        def batch_loss(model: MultiTaskModel, batch: TrainBatch) -> BatchLoss:
            loss = honest(model, batch)
            return FAULTS[fault](loss) if len(steps) == FAILS_AT else loss

        monkeypatch.setattr(accumulation.GradientAccumulator, "__call__", counted)
        monkeypatch.setattr(accumulation, "batch_loss", batch_loss)

    return spoil


def weights_after(recipe: Recipe, folder: Path, step: int) -> dict[str, Tensor]:
    seen: list[Event] = []
    for event in mtl.train(recipe, folder=folder, should_stop=lambda: bool(seen) and seen[-1].step == step):
        seen.append(event)
    return load_file(folder / "last" / "model.safetensors")


@pytest.mark.parametrize(("name", "fault"), pairs(list(SECTIONS), list(FAULTS), every=3))
def test_a_step_that_is_not_finite_ends_the_run_with_the_weights_of_the_step_before(
    tiny_bert: Path, tmp_path: Path, spoil: Callable[[str], None], name: str, fault: str
):
    recipe = recipe_of(tiny_bert, tmp_path, **SECTIONS[name])
    if fault == "anchor nan" and name != "anchored":
        recipe = recipe.model_copy(update={"anchor": 1.0})
    expected = weights_after(recipe, tmp_path / "honest", FAILS_AT - 1)
    spoil(fault)
    with pytest.raises(TrainingError) as error:
        list(run_in_folder(recipe, tmp_path / "run"))
    folder = RunFolder(tmp_path / "run")
    events = list(folder.events())
    kept = load_file(folder.last / "model.safetensors")
    assert kept.keys() == expected.keys()
    assert all(torch.equal(kept[key], tensor) and tensor.isfinite().all() for key, tensor in expected.items())
    assert read_config(folder.last).step == FAILS_AT - 1
    assert [event.step for event in events if isinstance(event, Step)] == [1, 2]
    assert isinstance(events[-1], Failed)
    task = recipe.tasks.keys() & set(str(error.value).split())
    assert len(task) == 1
    assert str(error.value).startswith(f"step {FAILS_AT}: the {'gradient' if 'gradient' in fault else 'loss'} of ")
    assert str(error.value).endswith("a lower optimizer.backbone_lr or optimizer.head_lr is the usual cure")


def test_figures_of_other_weights_are_not_written_beside_the_last_good_ones(
    tiny_bert: Path, tmp_path: Path, spoil: Callable[[str], None]
):
    spoil("loss nan")
    with pytest.raises(TrainingError):
        list(mtl.train(recipe_of(tiny_bert, tmp_path), folder=tmp_path / "run"))
    assert read_config(tmp_path / "run" / "last").metrics == {}


def test_weights_that_are_not_finite_are_not_kept_and_named(tiny_bert: Path, tmp_path: Path):
    """As those of a damaged checkpoint that a run goes on from."""
    recipe = recipe_of(tiny_bert, tmp_path, freezing={"preset": "heads_only"}, cache={"enabled": False})
    honest = setup.load_initial_model

    def damaged(*arguments: object) -> object:
        found = honest(*arguments)
        next(found.loaded.model.encoder.parameters()).data.fill_(math.nan)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(setup, "load_initial_model", damaged)
        with pytest.raises(TrainingError, match="^step 1: .* because the weights were not finite before this step"):
            list(mtl.train(recipe, folder=tmp_path / "run"))
    assert not (tmp_path / "run" / "last").exists()
    assert not (tmp_path / "run" / "best").exists()


@pytest.fixture
def spoil_metric(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, float], None]:
    """Make the main metric of topic something else at one evaluation."""

    def spoil(which: int, value: float) -> None:
        honest, count = StageState.evaluate, iter(range(100))

        def evaluate(self: StageState) -> dict[str, float]:
            return honest(self) | ({"eval/topic/accuracy": value} if next(count) == which else {})

        monkeypatch.setattr(StageState, "evaluate", evaluate)

    return spoil


def no_constant(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_metric_that_is_not_finite_is_noticed_and_never_best_nor_stored(
    tiny_bert: Path, tmp_path: Path, spoil_metric: Callable[[int, float], None], which: int, value: float
):
    spoil_metric(which, value)
    folder = RunFolder(tmp_path / "run")
    events = list(run_in_folder(recipe_of(tiny_bert, tmp_path, evaluation={"every": 3}), folder.path))
    measured = [event for event in events if isinstance(event, Evaluated)]
    assert [("eval/topic/accuracy" in event.metrics) for event in measured] == [i != which for i in range(3)]
    (notice,) = [event for event in events if isinstance(event, Noticed)]
    assert (notice.step, notice.message) == (3 * which, "not finite, so left out of this evaluation: topic/accuracy")
    best = [event for event in events if isinstance(event, Saved) and event.name == "best"]
    assert best
    assert 3 * which not in [event.step for event in best]
    for line in folder.events_file.read_text().splitlines():
        json.loads(line, parse_constant=no_constant)
    status = folder.read_status()
    assert math.isfinite(status.best_score)
    for place in (folder.best, folder.last):  # a checkpoint with a null among its metrics would not load
        assert all(math.isfinite(metric) for metric in read_config(place).metrics.values())


@pytest.fixture
def no_number(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    honest = StageState.evaluate
    monkeypatch.setattr(StageState, "evaluate", lambda self: dict.fromkeys(honest(self), math.nan))
    yield


def test_a_run_without_one_finite_evaluation_has_no_best_checkpoint(tiny_bert: Path, tmp_path: Path, no_number: None):
    folder = RunFolder(tmp_path / "run")
    list(run_in_folder(recipe_of(tiny_bert, tmp_path), folder.path))
    assert not folder.best.exists()
    assert folder.last.exists()
    assert folder.read_status().best_score is None


def test_weights_beyond_half_precision_are_stored_whole_and_noticed_once(tiny_bert: Path, tmp_path: Path):
    recipe = recipe_of(tiny_bert, tmp_path, checkpoint={"dtype": "float16"}, evaluation={"every": 1})
    honest = setup.TrainSchedule

    def with_large_weights(*arguments: object) -> setup.TrainSchedule:
        schedule = honest(*arguments)
        head = schedule.optimization.optimizer.param_groups[0]["params"][0]
        head.data.view(-1)[0] = 1e6
        return schedule

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(setup, "TrainSchedule", with_large_weights)
        events = list(mtl.train(recipe, folder=tmp_path / "run"))
    (notice,) = [event.message for event in events if isinstance(event, Noticed)]
    assert notice.startswith("values beyond the range of float16, so stored as float32: heads.")
    for tensor in load_file(tmp_path / "run" / "last" / "model.safetensors").values():
        assert tensor.isfinite().all()
