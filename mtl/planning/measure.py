"""`plan`: set a recipe up, run a few batches to see how long they take, and keep nothing."""

import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import torch

from mtl.adapters import adapter_parameters
from mtl.data import TaskData, texts_of
from mtl.planning.advice import TaskFacts, advise
from mtl.planning.report import Part, Plan
from mtl.planning.warnings import data_warnings
from mtl.recipe.schema import Recipe, TaskKind
from mtl.text import split_words
from mtl.training.loop import autocast_of
from mtl.training.losses import batch_loss
from mtl.training.prepared import collate, with_features
from mtl.training.setup import Course, Trainer, set_up

_BATCHES = 6  # measured ones, after one that warms up
_FORWARD_SHARE = 3.0  # a training step costs about three forward passes
_FACT_TEXTS = 500
_SPECIAL = 2  # tokens that a text has beside its words


@dataclass(frozen=True)
class _Cost:
    """Seconds a token of a training step, and of the frozen lower part."""

    step: float
    lower: float


def plan(recipe: Recipe) -> Plan:
    """What a recipe would do: it loads and measures, and starts nothing.

    Raises:
        MtlError: as training would raise before its first step.
    """
    trainer = set_up(recipe)
    trainer.enter_stage_of(trainer.total_steps, compute_states=False)
    course = trainer.course
    warnings = [warning for data in trainer.data.values() for warning in data_warnings(data)]
    warnings += [note for note in trainer.notes() if note not in warnings and "no dev data" not in note]
    parts = tuple(_parts(trainer))
    trained = sum(part.parameters for part in parts if part.trains)
    tokens = {name: sum(map(len, examples)) for name, examples in trainer.corpus.train.items()}
    steps = trainer.total_steps
    drawn = Counter(draw.task for draw in islice(course.sampler, steps)) if course else Counter[str]()
    draws = {name: drawn[name] for name in tokens}
    cost = _measure(trainer, course) if course else _Cost(0.0, 0.0)
    dev_tokens = sum(len(text) for dev in trainer.corpus.dev.values() for text in dev.texts)
    cached_tokens = _cached_tokens(trainer)
    per_step = {n: tokens[n] / max(1, len(course.sampler.batches(n))) for n in tokens} if course else {}
    seconds = sum(draws[n] * per_step[n] for n in draws) * cost.step
    seconds += cached_tokens * cost.lower + _evaluations(trainer) * dev_tokens * cost.step / _FORWARD_SHARE
    return Plan(
        parts=parts,
        steps=steps,
        draws=draws,
        seconds=seconds,
        memory_bytes=_peak_memory(),
        cache_bytes=2 * trainer.loaded.model.encoder.dimension * cached_tokens,
        checkpoint_bytes=trained * (2 if recipe.checkpoint.dtype == "float16" else 4),
        warnings=tuple(warnings),
        advice=advise({name: _facts(trainer, data) for name, data in trainer.data.items()}),
    )


def _parts(trainer: Trainer) -> Iterator[Part]:
    model = trainer.loaded.model
    parts = model.encoder.parts()
    groups = [("embeddings", parts.bottom)]
    groups += [(f"layer {i}", (layer,)) for i, layer in enumerate(parts.layers, start=1)]
    groups += [("final norm", parts.top)] if parts.top else []
    groups += [(f"shared layer {name}", (layer,)) for name, layer in model.shared.items()]
    groups += [(f"{name} head", (head,)) for name, head in model.heads.items()]
    adapters = list(adapter_parameters(model.encoder))
    apart = {id(p) for p in adapters}  # they stand in the layers
    for name, modules in groups:
        yield _part(name, [p for module in modules for p in module.parameters() if id(p) not in apart])
    if adapters:
        yield _part("adapters", adapters)


def _part(name: str, parameters: Sequence[torch.nn.Parameter]) -> Part:
    return Part(name, sum(p.numel() for p in parameters), trains=any(p.requires_grad for p in parameters))


def _cached_tokens(trainer: Trainer) -> int:
    """Tokens whose states the run keeps on disk, counted in each stage that has something frozen."""
    layers = len(trainer.loaded.model.encoder.parts().layers)
    stages = sum(stage.plan.frozen_below(layers) > 0 for stage in trainer.stages) if trainer.recipe.cache.enabled else 0
    corpus = trainer.corpus
    texts = [text for examples in corpus.train.values() for example in examples for text in example.texts]
    texts += [text for dev in corpus.dev.values() for text in dev.texts]
    return stages * sum(map(len, (*texts, *corpus.sample.texts)))


def _measure(trainer: Trainer, course: Course) -> _Cost:
    """Run a few batches forward and backward; the weights stay as they are."""
    model = trainer.loaded.model
    autocast = autocast_of(trainer.recipe, model.device)
    trainer.freezer.train()
    step_seconds, lower_seconds, tokens = 0.0, 0.0, 0
    for i, draw in enumerate(islice(course.sampler, _BATCHES + 1)):
        begun = time.perf_counter()
        examples = [trainer.corpus.train[draw.task][row] for row in draw.rows]
        if trainer.states is not None:
            examples = with_features(examples, trainer.states.in_memory)
        reached = time.perf_counter()
        batch = collate(model.tasks[draw.task], examples, trainer.tokenizer).to(model.device)
        with autocast:
            loss = batch_loss(model, batch, weights=course.weights, anchor=0.0)
        torch.autograd.backward(loss.total)
        model.zero_grad(set_to_none=True)
        if i:
            lower_seconds += reached - begun
            step_seconds += time.perf_counter() - reached
            tokens += batch.token_count
    return _Cost(step_seconds / max(1, tokens), lower_seconds / max(1, tokens))


def _evaluations(trainer: Trainer) -> int:
    every = trainer.recipe.evaluation.every
    period = (trainer.course.sampler.batches_per_epoch if trainer.course else 1) if every == "epoch" else every
    return 1 + -(-trainer.total_steps // max(1, period))


def _facts(trainer: Trainer, data: TaskData) -> TaskFacts:
    texts = [text for example in data.train[:_FACT_TEXTS] for text in texts_of(example)]
    words = sum(len(split_words(text)) for text in texts)
    tokens = sum(len(tokenized) - _SPECIAL for tokenized in trainer.tokenizer(texts))
    labels = 0 if data.config.kind is TaskKind.SIMILARITY else len(data.labels)
    return TaskFacts(data.config.kind, len(data.train), labels, tokens / max(1, words))


def _peak_memory() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
