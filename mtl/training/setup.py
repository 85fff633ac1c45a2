"""Everything a training loop needs, made from a recipe."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace

import torch

from mtl.adapters import add_adapters
from mtl.batching import pack
from mtl.checkpoint import LoadedModel, build
from mtl.data import TaskData, read_task
from mtl.device import best_device
from mtl.encoder import Tokenizer, load_backbone
from mtl.errors import RecipeError
from mtl.freezing import FreezePlan, Freezer, Stage, resolve, stages
from mtl.optim import Optimization, build_optimization
from mtl.recipe.choices import Precision, TaskKind
from mtl.recipe.schema import Recipe
from mtl.training.corpus import Corpus, read_corpus, with_anchors
from mtl.training.features import FrozenFeatures, frozen_features, whole_backbone
from mtl.training.initial_model import load_initial_model
from mtl.training.losses import LossWeights, batch_loss
from mtl.training.precision import choose_precision
from mtl.training.prepared import TrainBatch, collate
from mtl.training.sampler import Draw, TaskSampler

_PROBE_TOKENS = 512


@dataclass(frozen=True)
class Course:
    """Order, length and optimizer of a run that trains something."""

    sampler: TaskSampler
    optimization: Optimization
    weights: LossWeights
    total_steps: int


@dataclass
class Trainer:
    """Model, data and course of one run; `course` is None when nothing trains.

    `enter` moves it from stage to stage: what is frozen then, and from which states the passes start.
    """

    recipe: Recipe
    loaded: LoadedModel
    data: Mapping[str, TaskData]
    stages: tuple[Stage, ...]
    corpus: Corpus
    course: Course | None
    freezer: Freezer
    trained_parameters: int
    features: FrozenFeatures | None = None
    precision: Precision = Precision.FP32
    _stage: int = field(default=-1)
    _measures: bool = field(default=False)

    @property
    def total_steps(self) -> int:
        """Steps of the whole run, 0 when nothing trains."""
        return self.course.total_steps if self.course else 0

    @property
    def tokenizer(self) -> Tokenizer:
        """The backbone's tokenizer."""
        return self.loaded.tokenizer

    def settle_precision(self, kept: Precision | None = None) -> None:
        """Take the precision that an interrupted run had, else the recipe's, or a probe's before stage and states."""
        if self.course is not None:
            self.precision = kept or choose_precision(self.recipe, self.loaded.model, self._typical_pass)

    def enter_stage_of(self, step: int) -> bool:
        """Make ready for the stage of the step after `step` steps; returns whether it is a new one."""
        stage = self.stage_of(step)
        if stage == self._stage:
            return False
        self.enter_stage(stage)
        return True

    def stage_of(self, step: int) -> int:
        """The stage of the step after `step` steps."""
        share = step / max(1, self.total_steps)
        return max(i for i, stage in enumerate(self.stages) if stage.begins <= share)

    def enter_stage(self, stage: int, *, compute_states: bool = True) -> None:
        """Freeze what this stage freezes, and give the training texts what is known of the part below."""
        self._stage = stage
        plan = self.stages[stage].plan
        self.freezer = Freezer(self.loaded.model, plan)
        self.loaded.model.eval()  # a cut tries the model out and must draw no random numbers for dropout
        before, self.features = self.features, frozen_features(self.recipe, self.loaded, plan, precision=self.precision)
        self._measures = False
        if before is not None:
            self.corpus = self.corpus.without_states()
        if compute_states and self.features is not None:
            self.corpus = self.corpus.trained_with(self.features)

    def corpus_to_measure(self) -> Corpus:
        """The corpus whose dev texts have their features too, in full precision as in use."""
        if self.features is not None and not self._measures:
            self._measures = True
            self.loaded.model.eval()
            self.corpus = self.corpus.measured_with(replace(self.features, precision=Precision.FP32))
        return self.corpus

    def batch(self, draw: Draw) -> TrainBatch:
        """The tensors of a draw, on the model's device."""
        examples = [self.corpus.train[draw.task][row] for row in draw.rows]
        return collate(self.loaded.model.tasks[draw.task], examples, self.tokenizer).to(self.loaded.model.device)

    def _typical_pass(self, context: AbstractContextManager[object]) -> torch.Tensor:
        assert self.course is not None
        draw = next(iter(self.course.sampler))
        lengths = [len(self.corpus.train[draw.task][row]) for row in draw.rows]
        rows = next(pack(lengths, range(len(lengths)), budget=_PROBE_TOKENS))
        with context:
            return batch_loss(self.loaded.model, self.batch(Draw(draw.task, [draw.rows[i] for i in rows]))).task

    def notes(self) -> tuple[str, ...]:
        """What the user should know before it starts."""
        notes = [note for data in self.data.values() for note in data.notes]
        for name, examples in self.corpus.train.items():
            cut = sum(text.cut_at is not None for e in examples for text in e.texts)
            if cut:
                notes.append(f"{name}: {cut} training texts are longer than {self.tokenizer.max_length} tokens and cut")
        if self.course:
            idle = [name for name in self.data if name not in self.corpus.train]
            notes += [f"{name}: nothing to train here, it is only measured" for name in idle]
        notes += [f"{name}: no dev data, so it is not evaluated" for name, data in self.data.items() if not data.dev]
        return tuple(notes)


def set_up(recipe: Recipe, *, anchored: bool = True) -> Trainer:
    """Read the data, load the backbone, build heads, and plan the steps; `enter_stage_of` comes next.

    Args:
        recipe: of the run.
        anchored: whether training texts get the anchors that the recipe asks for, which takes a pass over all of them.

    Raises:
        MtlError: anything in the recipe, the data or the backbone is not as expected.
    """
    data = {name: read_task(name, config) for name, config in recipe.tasks.items()}
    torch.manual_seed(recipe.seed)
    initial = load_initial_model(recipe, data)
    loaded = initial.loaded
    encoder = loaded.model.encoder
    plan = resolve(recipe.freezing, tasks=data, layer_count=len(encoder.parts().layers))
    plan = replace(plan, frozen_heads=plan.frozen_heads | initial.kept_tasks)
    course_stages = stages(recipe.freezing, plan)
    if encoder.adapter_rank is not None and recipe.freezing.rank not in (None, encoder.adapter_rank):
        raise RecipeError(
            f"freezing.rank: {encoder.adapter_rank} was expected as the checkpoint's adapters have, "
            f"was {recipe.freezing.rank}"
        )
    if plan.rank is not None and encoder.adapter_rank is None:
        add_adapters(encoder, rank=plan.rank)
    loaded.model.to(best_device())
    freezer = Freezer(loaded.model, plan)
    trained_parameters = freezer.trained_parameters()
    trains = trained_parameters > 0
    trained = _trained_tasks(data, plan) if trains else []
    corpus = read_corpus(data, trained, loaded)
    untouched = loaded
    if loaded.config is not None:  # drift and anchor count from the untouched backbone, not from the checkpoint
        untouched = build(load_backbone(loaded.backbone.name, pooling=encoder.pooling), {})
        corpus = corpus.measured_from(untouched)
    if anchored and is_anchored(recipe, plan):
        summaries = whole_backbone(recipe, untouched, precision=Precision.FP32) if recipe.cache.enabled else None
        corpus = with_anchors(corpus, untouched, summaries)
    course = _course(recipe, loaded, corpus) if trains else None
    return Trainer(recipe, loaded, data, course_stages, corpus, course, freezer, trained_parameters)


def is_anchored(recipe: Recipe, plan: FreezePlan) -> bool:
    """Whether training texts bring their embedding by the untouched backbone."""
    return recipe.anchor > 0 and plan.backbone_trains


def _course(recipe: Recipe, loaded: LoadedModel, corpus: Corpus) -> Course:
    """While the last stage's plan is applied, so that the optimizer holds all that will ever train, and no more."""
    lengths = {name: [len(e) for e in examples] for name, examples in corpus.train.items()}
    sampler = TaskSampler(lengths, sampling=recipe.sampling, budget=recipe.budget.batch_tokens, seed=recipe.seed)
    total = max(1, round(sampler.batches_per_epoch * recipe.budget.epochs))
    total = min(total, recipe.budget.max_steps or total)
    fixed = {name: recipe.tasks[name].weight for name in corpus.train}
    weights = LossWeights(fixed, learned=recipe.balancing == "uncertainty").to(loaded.model.device)
    optimization = build_optimization(loaded.model, recipe.optimizer, total_steps=total, weights=weights)
    return Course(sampler, optimization, weights, total)


def _trained_tasks(data: Mapping[str, TaskData], plan: FreezePlan) -> list[str]:
    """Tasks whose batches change something: a frozen head on a frozen backbone has nothing to learn from."""
    trained = []
    for name, task in data.items():
        has_head = name not in plan.frozen_heads and task.config.kind is not TaskKind.SIMILARITY
        if (plan.backbone_trains or has_head) and task.train:
            trained.append(name)
        elif has_head:
            raise RecipeError(f"tasks.{name}.train: training data was expected, none is given and the head trains")
    if not trained:
        raise RecipeError("tasks: at least one task with training data that changes a trained part was expected")
    return trained
