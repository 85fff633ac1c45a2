"""Gradients accumulated over micro-batches equal those of the whole batch, also after memory ran out."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from mtl.errors import TrainingError
from mtl.model import MultiTaskModel
from mtl.runs import Finished, Noticed, Step
from mtl.training import Trainer, accumulation
from mtl.training.accumulation import GradientAccumulator
from mtl.training.losses import BatchLoss, batch_loss
from mtl.training.sampler import BatchIndices
from mtl.training.train_set import TrainBatch
from tests.mtl.recipes import quick_recipe
from tests.mtl.training.seen import begin, events_of

TASKS = ("topic", "names", "pairs")


@pytest.fixture
def trainer(tiny_bert: Path, tmp_path: Path) -> Iterator[Trainer]:
    """In eval mode, so that dropout does not tell passes apart."""
    pairs = {"head": {"loss": "cosine"}}
    trainer, run = begin(quick_recipe(tiny_bert, tmp_path, TASKS, anchor=0.5, tasks_pairs=pairs))
    trainer.loaded.model.eval()
    yield trainer
    run.close()


def gradients(trainer: Trainer, draw: BatchIndices, limit: int | None) -> tuple[float, float, dict[str, torch.Tensor]]:
    model = trainer.loaded.model
    model.zero_grad(set_to_none=True)
    outcome = GradientAccumulator(trainer, limit)(draw)
    found = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    return outcome.loss, outcome.total, found


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("limit", [6, 20, 40])
def test_passes_add_up_to_the_gradient_of_the_whole_batch(trainer: Trainer, task: str, limit: int):
    draw = BatchIndices(task, list(range(9)))
    loss, total, whole = gradients(trainer, draw, None)
    in_parts = gradients(trainer, draw, limit)
    assert in_parts[:2] == pytest.approx((loss, total), rel=1e-5)
    assert whole.keys() == in_parts[2].keys()
    for name, gradient in whole.items():
        torch.testing.assert_close(in_parts[2][name], gradient, rtol=1e-3, atol=1e-6)


def test_a_pass_stays_within_its_limit(trainer: Trainer, monkeypatch: pytest.MonkeyPatch):
    seen: list[tuple[int, int]] = []

    def watched(model: MultiTaskModel, batch: TrainBatch) -> BatchLoss:
        seen.append(tuple(batch.tokens.ids.shape))
        return batch_loss(model, batch)

    monkeypatch.setattr(accumulation, "batch_loss", watched)
    GradientAccumulator(trainer, 24)(BatchIndices("topic", list(range(9))))
    assert len(seen) > 1
    assert all(rows * length <= 24 or rows == 1 for rows, length in seen)


def failing_above(tokens: int, error: Exception) -> object:
    def limited(model: MultiTaskModel, batch: TrainBatch) -> BatchLoss:
        if batch.tokens.ids.numel() > tokens:
            raise error
        return batch_loss(model, batch)

    return limited


ERRORS = [
    torch.OutOfMemoryError("CUDA out of memory"),
    RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 99 bytes"),
    MemoryError(),
]


@pytest.mark.parametrize("error", ERRORS, ids=["cuda", "cpu", "python"])
def test_where_memory_runs_out_passes_are_halved_and_the_run_says_so(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
):
    recipe = quick_recipe(tiny_bert, tmp_path, ("topic",))
    monkeypatch.setattr(accumulation, "batch_loss", failing_above(40, error))
    events = events_of(recipe)
    notices = [event for event in events if isinstance(event, Noticed)]
    assert [notice.step for notice in notices] == [1] * len(notices)
    assert notices[-1].message.startswith("memory ran out on ")
    assert sum(isinstance(event, Step) for event in events) == 6
    assert isinstance(events[-1], Finished)


def test_after_memory_ran_out_the_gradient_is_still_that_of_the_whole(
    trainer: Trainer, monkeypatch: pytest.MonkeyPatch
):
    draw = BatchIndices("names", list(range(8)))
    loss, total, whole = gradients(trainer, draw, None)
    monkeypatch.setattr(accumulation, "batch_loss", failing_above(30, ERRORS[0]))
    found = gradients(trainer, draw, None)
    assert found[:2] == pytest.approx((loss, total), rel=1e-5)
    for name, gradient in whole.items():
        torch.testing.assert_close(found[2][name], gradient, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("balancing", ["static", "uncertainty"])
@pytest.mark.parametrize("fails_at", [1, 2, 3])
def test_what_was_accumulated_before_memory_ran_out_does_not_count_twice(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, balancing: str, fails_at: int
):
    trainer, run = begin(quick_recipe(tiny_bert, tmp_path, ("topic",), balancing=balancing, anchor=0))
    model, schedule = trainer.loaded.model.eval(), trainer.schedule
    indices = BatchIndices("topic", list(range(9)))
    held = [p for group in schedule.optimization.optimizer.param_groups for p in group["params"]]
    loss = schedule.weights("topic", batch_loss(model, trainer.batch(indices)).tasks["topic"])
    expected = torch.autograd.grad(loss, held, materialize_grads=True)
    calls: list[int] = []

    def fails_once(model: MultiTaskModel, batch: TrainBatch) -> BatchLoss:
        calls.append(1)
        if len(calls) == fails_at:
            raise ERRORS[0]
        return batch_loss(model, batch)

    monkeypatch.setattr(accumulation, "batch_loss", fails_once)
    GradientAccumulator(trainer, 24)(indices)
    assert len(calls) > fails_at
    for parameter, gradient in zip(held, expected, strict=True):
        found = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
        torch.testing.assert_close(found, gradient, rtol=1e-3, atol=1e-6)
    run.close()


def test_a_single_text_that_does_not_fit_ends_the_run_with_a_sentence(
    trainer: Trainer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(accumulation, "batch_loss", failing_above(0, ERRORS[0]))
    with pytest.raises(TrainingError, match="memory ran out on a single text of 8 tokens of topic; a lower max_length"):
        GradientAccumulator(trainer)(BatchIndices("topic", list(range(9))))


def test_an_error_that_is_no_lack_of_memory_stays_what_it_is(trainer: Trainer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(accumulation, "batch_loss", failing_above(0, RuntimeError("shapes do not match")))
    with pytest.raises(RuntimeError, match="shapes do not match"):
        GradientAccumulator(trainer)(BatchIndices("topic", [0]))
