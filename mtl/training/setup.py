"""Everything a training loop needs, made from a recipe."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch

from mtl.cache import RaggedStore
from mtl.checkpoint import LoadedModel, build
from mtl.data import TaskData, read_task
from mtl.encoder import TokenizedText, Tokenizer, load_backbone
from mtl.encoder.frozen import FrozenStates
from mtl.errors import RecipeError
from mtl.evaluation import EvaluationSet
from mtl.evaluation import prepare as prepare_dev
from mtl.freezing import FreezePlan, Freezer, resolve
from mtl.model import TaskInfo
from mtl.optim import Optimization, build_optimization
from mtl.prediction import embed
from mtl.recipe.schema import Recipe, TaskKind
from mtl.runs.folder import home
from mtl.training.drift import DriftSample, draw_sample, sample_texts
from mtl.training.losses import LossWeights
from mtl.training.prepared import PreparedExample, TrainBatch, collate, prepare, with_features
from mtl.training.sampler import Draw, TaskSampler


@dataclass(frozen=True)
class Trainer:
    """Model, data, order and optimizer of one run. `optimization` is None when nothing trains."""

    recipe: Recipe
    loaded: LoadedModel
    freezer: Freezer
    data: Mapping[str, TaskData]
    prepared: Mapping[str, list[PreparedExample]]
    dev: Mapping[str, EvaluationSet]
    sample: DriftSample
    sampler: TaskSampler | None
    optimization: Optimization | None
    weights: LossWeights | None
    states: FrozenStates | None
    total_steps: int

    def batch(self, draw: Draw) -> TrainBatch:
        """The tensors of a draw, on the model's device."""
        examples = [self.prepared[draw.task][row] for row in draw.rows]
        return collate(self.loaded.model.tasks[draw.task], examples, self.tokenizer)

    @property
    def tokenizer(self) -> Tokenizer:
        """The backbone's tokenizer."""
        return self.loaded.tokenizer

    def notes(self) -> tuple[str, ...]:
        """What the user should know before it starts."""
        notes = [note for data in self.data.values() for note in data.notes]
        for name, examples in self.prepared.items():
            cut = sum(text.cut_at is not None for e in examples for text in e.texts)
            if cut:
                notes.append(f"{name}: {cut} training texts are longer than {self.tokenizer.max_length} tokens and cut")
        if self.prepared:
            idle = [name for name in self.data if name not in self.prepared]
            notes += [f"{name}: nothing to train here, it is only measured" for name in idle]
        notes += [f"{name}: no dev data, so it is not evaluated" for name, data in self.data.items() if not data.dev]
        return tuple(notes)


def set_up(recipe: Recipe, *, compute_states: bool = True) -> Trainer:
    """Read the data, load the backbone, build heads, freeze, and plan the steps.

    Args:
        recipe: what to do.
        compute_states: whether to run the frozen part over all data now, or leave that to the caller.

    Raises:
        MtlError: anything in the recipe, the data or the backbone is not as expected.
    """
    data = {name: read_task(name, config) for name, config in recipe.tasks.items()}
    torch.manual_seed(recipe.seed)
    backbone = load_backbone(recipe.backbone, pooling=recipe.pooling, max_length=recipe.max_length)
    tasks = {name: TaskInfo(name, d.config.kind, d.labels, d.config.head) for name, d in data.items()}
    loaded = build(backbone, tasks)
    plan = resolve(recipe.freezing, tasks=tasks, layer_count=len(loaded.model.encoder.parts().layers))
    freezer = Freezer(loaded.model, plan)
    dev = {n: prepare_dev(tasks[n], d.dev, loaded.tokenizer) for n, d in data.items() if d.dev}
    sample = loaded.tokenizer(sample_texts(data))
    if freezer.trained_parameters() == 0:
        return Trainer(recipe, loaded, freezer, data, {}, dev, draw_sample(loaded, sample), None, None, None, None, 0)
    trained = _trained_tasks(recipe, data, backbone_trains=plan.layers > 0, frozen_heads=plan.frozen_heads)
    prepared = {name: prepare(data[name], tasks[name], loaded.tokenizer) for name in trained}
    states = _frozen_states(recipe, loaded, plan)
    if states is not None and compute_states:
        prepared = {name: with_features(examples, states) for name, examples in prepared.items()}
        sample = list(states(sample))
        dev = {name: dataset.with_texts(states(dataset.texts)) for name, dataset in dev.items()}
    if recipe.anchor and plan.layers and compute_states:
        anchors = partial(_with_anchors, loaded)
        prepared = {name: with_features(examples, anchors) for name, examples in prepared.items()}
    lengths = {name: [len(e) for e in examples] for name, examples in prepared.items()}
    sampler = TaskSampler(lengths, sampling=recipe.sampling, budget=recipe.budget.batch_tokens, seed=recipe.seed)
    total = max(1, round(sampler.batches_per_epoch * recipe.budget.epochs))
    total = min(total, recipe.budget.max_steps or total)
    weights = LossWeights({n: recipe.tasks[n].weight for n in trained}, learned=recipe.balancing == "uncertainty")
    optimization = build_optimization(loaded.model, weights, recipe.optimizer, total_steps=total)
    drift = draw_sample(loaded, sample)
    return Trainer(recipe, loaded, freezer, data, prepared, dev, drift, sampler, optimization, weights, states, total)


def _frozen_states(recipe: Recipe, loaded: LoadedModel, plan: FreezePlan) -> FrozenStates | None:
    """How to get the states below the lowest trained layer, or None where nothing is frozen or kept."""
    encoder = loaded.model.encoder
    below = len(encoder.parts().layers) - plan.layers
    if below == 0 or plan.embeddings or not recipe.cache.enabled:
        return None
    store = RaggedStore(home() / "cache", int(recipe.cache.max_gb * 1e9))
    encoder.cut(below)
    return FrozenStates(encoder, loaded.tokenizer, below, store)


def _with_anchors(loaded: LoadedModel, texts: Sequence[TokenizedText]) -> list[TokenizedText]:
    embeddings = embed(loaded.model, loaded.tokenizer, texts)
    return [replace(text, anchor=anchor) for text, anchor in zip(texts, embeddings, strict=True)]


def _trained_tasks(
    recipe: Recipe, data: Mapping[str, TaskData], *, backbone_trains: bool, frozen_heads: frozenset[str]
) -> list[str]:
    """Tasks whose batches change something: a frozen head on a frozen backbone has nothing to learn from."""
    trained = []
    for name, task in data.items():
        useful = backbone_trains or (name not in frozen_heads and task.config.kind is not TaskKind.SIMILARITY)
        if useful and task.train:
            trained.append(name)
        elif useful and name not in frozen_heads:
            raise RecipeError(f"tasks.{name}.train: training data was expected, none is given and the head trains")
    if not trained:
        raise RecipeError("tasks: at least one task with training data that changes a trained part was expected")
    return trained
