"""`plan`: set a recipe up, run a few batches to see how long they take, and keep only the probe's precision."""

from collections import Counter
from collections.abc import Iterator, Sequence

import torch

from mtl.adapters import adapter_parameters
from mtl.checkpoint.store import tensor_bytes
from mtl.data import TaskData, texts_of
from mtl.data.warnings import data_warnings
from mtl.memory import peak_memory
from mtl.planning.advice import TaskFacts, advise
from mtl.planning.costs import measure_costs
from mtl.planning.report import Part, Plan
from mtl.recipe.choices import Solver, TaskKind
from mtl.recipe.schema import Recipe
from mtl.text import split_words
from mtl.training.setup import Trainer, set_up

_DTYPES = {"float32": torch.float32, "float16": torch.float16}
_MOMENTS_BYTES = 8  # AdamW's two moments of a trained number
_FACT_TEXTS = 500
_UNREAD = 0.2  # share of unknown tokens above which a text is hardly read
_SHOWN = 40  # characters of a text in a warning
_SPECIAL = 2  # tokens that a text has beside its words


def plan(recipe: Recipe) -> Plan:
    """What a recipe would do: it loads and measures, and starts nothing.

    Raises:
        MtlError: as training would raise before its first step.
    """
    trainer = set_up(recipe, anchored=False)
    trainer.settle_precision()
    schedule = trainer.schedule
    warnings = [warning for data in trainer.task_data.values() for warning in data_warnings(data)]
    warnings += [note for note in trainer.notes() if note not in warnings and "no dev data" not in note]
    warnings += _idle_heads(trainer)
    warnings += _unread_texts(trainer)
    drawn = schedule.draws(list(trainer.data.train)) if schedule else Counter[str]()
    draws = {task: drawn[name] for name, examples in trainer.data.train.items() for task in examples.tasks}
    costs = measure_costs(trainer, draws=drawn)
    if costs.left_out_bytes:
        size = f"{costs.left_out_bytes / 1e9:,.1f} GB"
        warnings.append(
            f"the cached activations would take {size}, for which there is no room on disk or in "
            f"cache.max_gb ({recipe.cache.max_gb:g}), so every step computes them anew"
        )
    return Plan(
        parts=tuple(_parts(trainer)),
        steps=trainer.total_steps,
        draws=draws,
        seconds=costs.seconds,
        memory_bytes=peak_memory() + _MOMENTS_BYTES * trainer.trained_parameters,
        cache_bytes=costs.cache_bytes,
        checkpoint_bytes=tensor_bytes(trainer.loaded, _DTYPES[recipe.checkpoint.dtype]),
        warnings=tuple(warnings),
        advice=advise({name: _facts(trainer, data) for name, data in trainer.task_data.items() if data.train}),
        is_upper_bound=schedule is not None and schedule.solver is Solver.LBFGS,
    )


def _idle_heads(trainer: Trainer) -> Iterator[str]:
    """Heads that neither this run nor an earlier one trains."""
    before = trainer.loaded.config.tasks if trainer.loaded.config else {}
    for name in trainer.stages[-1].plan.frozen_heads:
        if name not in before and trainer.task_data[name].config.kind is not TaskKind.SIMILARITY and trainer.schedule:
            yield f"{name}: its head is frozen and was never trained, so its predictions will be those of chance"


def _unread_texts(trainer: Trainer) -> Iterator[str]:
    """Texts of a script that the tokenizer of the backbone does not know."""
    for name, data in trainer.task_data.items():
        texts = [text for example in data.train[:_FACT_TEXTS] for text in texts_of(example)]
        unread = [i for i, text in enumerate(texts) if trainer.loaded.tokenizer.unknown_share(text) > _UNREAD]
        if unread:
            shown = repr(texts[unread[0]][:_SHOWN])
            example = unread[0] * len(data.train[:_FACT_TEXTS]) // len(texts) + 1
            yield (
                f"{name}: the backbone does not know the script of {len(unread)} of the first {len(texts)} texts, "
                f"such as example {example} ({shown})"
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


def _facts(trainer: Trainer, data: TaskData) -> TaskFacts:
    texts = [text for example in data.train[:_FACT_TEXTS] for text in texts_of(example)]
    words = sum(len(split_words(text)) for text in texts)
    tokenized = trainer.loaded.tokenizer(texts)
    tokens = int(tokenized.tokens.sum()) - _SPECIAL * len(texts)
    split = len(tokenized.cut_at) + int((tokenized.window_counts > 1).sum())
    known = trainer.loaded.config.tasks if trainer.loaded.config else {}
    labels = 0 if data.config.kind is TaskKind.SIMILARITY else len(data.labels)
    return TaskFacts(
        data.config.kind,
        len(data.train),
        labels,
        pieces=tokens / max(1, words),
        cut=split / max(1, len(texts)),
        is_trained=data.name in known,
    )
