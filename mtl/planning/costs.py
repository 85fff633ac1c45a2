"""What the stages of a run cost: seconds from a few measured batches, and bytes of what is kept on disk."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice, pairwise

import torch

from mtl.device import autocast
from mtl.planning.solver import solver_seconds
from mtl.recipe.choices import Precision, Solver
from mtl.training.losses import batch_loss
from mtl.training.setup import Trainer, TrainSchedule, is_anchored
from mtl.training.stage import StageState, whole_backbone
from mtl.training.train_set import make_batch

_BATCHES = 6  # measured ones, after one that warms up
_FORWARD_SHARE = 3.0  # a training step costs about three forward passes


@dataclass(frozen=True)
class Costs:
    """Of a whole run: expected seconds, bytes of the states kept on disk, and of those that have no room there."""

    seconds: float
    cache_bytes: int
    left_out_bytes: int = 0


@dataclass(frozen=True)
class _Pace:
    """Seconds a token of a training step, and of the frozen lower part."""

    step: float
    lower: float


def measure_costs(trainer: Trainer, *, draws: Mapping[str, int]) -> Costs:
    """Go through the stages of a run that draws so many batches of each train set; the weights stay as they are.

    The first and the last stage are measured; the pace of the others lies between theirs.
    """
    schedule, data = trainer.schedule, trainer.data
    dev = [*(one.texts for one in data.dev.values()), data.sample.texts]
    dev_tokens = sum(int(texts.lengths.sum()) for texts in dev)
    drawn = {name: draws[name] * _tokens_a_batch(trainer, schedule, name) for name in draws} if schedule else {}
    last = len(trainer.stages) - 1
    ends = [*(stage.begins for stage in trainer.stages), 1.0]
    evaluations = _evaluations(trainer)
    cache_bytes, left_out, below, paces = _anchor_bytes(trainer), 0, [], {}
    for index, (begin, end) in enumerate(pairwise(ends)):
        stage = trainer.enter_stage(index)
        cache = stage.cache
        tokens = 0.0  # that the frozen lower part reads: once where its states are kept, else in each step
        for name, examples in data.train.items():
            if cache is None:
                break
            size = cache.bytes_of(examples.texts)
            if cache.fits(examples.texts):
                cache_bytes, tokens = cache_bytes + size, tokens + examples.tokens
            else:
                left_out, tokens = max(left_out, size), tokens + drawn.get(name, 0.0) * (end - begin)
        if cache is not None and evaluations[index]:
            cache_bytes += sum(stage.for_dev(cache).bytes_of(texts) for texts in dev)
            tokens += dev_tokens
        below.append(tokens)
        if schedule and index in (0, last):
            paces[index] = _measure(trainer, stage, schedule)
    if not schedule:
        return Costs(0.0, cache_bytes, left_out)
    seconds = 0.0
    for index, (begin, end) in enumerate(pairwise(ends)):
        pace = _between(paces[0], paces[last], index / max(1, last))
        steps = solver_seconds(trainer) if schedule.solver is Solver.LBFGS else sum(drawn.values()) * pace.step
        seconds += steps * (end - begin) + below[index] * pace.lower
        seconds += evaluations[index] * dev_tokens * pace.step / _FORWARD_SHARE
    if is_anchored(trainer.recipe, trainer.stages[-1].plan):
        seconds += sum(examples.tokens for examples in data.train.values()) * paces[last].step / _FORWARD_SHARE
    return Costs(seconds, cache_bytes, left_out)


def _between(first: _Pace, last: _Pace, share: float) -> _Pace:
    return _Pace(first.step + share * (last.step - first.step), max(first.lower, last.lower))


def _tokens_a_batch(trainer: Trainer, schedule: TrainSchedule, name: str) -> float:
    return trainer.data.train[name].tokens / max(1, len(schedule.sampler.batches(name)))


def _anchor_bytes(trainer: Trainer) -> int:
    if not trainer.recipe.cache.enabled or not is_anchored(trainer.recipe, trainer.stages[-1].plan):
        return 0
    cache = whole_backbone(trainer.recipe, trainer.loaded, precision=Precision.FP32)
    return sum(cache.bytes_of(examples.texts.without_words()) for examples in trainer.data.train.values())


def _measure(trainer: Trainer, stage: StageState, schedule: TrainSchedule) -> _Pace:
    """Run a few batches forward and backward."""
    model = trainer.loaded.model
    trainer.freezer.train()
    cache = stage.for_train(stage.cache) if stage.cache is not None else None
    step_seconds, lower_seconds, tokens = 0.0, 0.0, 0
    for i, indices in enumerate(islice(schedule.sampler, _BATCHES + 1)):
        begun = time.perf_counter()
        examples = trainer.data.train[indices.name]
        windows = examples.windows_of(indices.rows)
        cached = cache.in_memory(examples.texts, windows) if cache is not None else None
        reached = time.perf_counter()
        batch = make_batch(examples, indices.rows, cached=cached).to(model.device)
        with autocast(trainer.precision, model.device):
            loss = batch_loss(model, batch).task_sum
        if loss.requires_grad:
            torch.autograd.backward(loss)
        model.zero_grad(set_to_none=True)
        if i:
            lower_seconds += reached - begun
            step_seconds += time.perf_counter() - reached
            tokens += batch.token_count
    return _Pace(step_seconds / max(1, tokens), lower_seconds / max(1, tokens))


def _evaluations(trainer: Trainer) -> Counter[int]:
    """How often a run measures in each stage: before the first step, when it is due, and after the last."""
    total, every = trainer.total_steps, trainer.recipe.evaluation.every
    period = trainer.schedule.steps_between(every) if trainer.schedule else 1
    steps = {*range(period, total + 1, period), total} - {0}
    return Counter([0, *(trainer.stage_of(step - 1) for step in steps)])
