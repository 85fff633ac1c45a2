"""Everything a training loop needs, made from a recipe."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import sqrt

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mtl.adapters import add_adapters
from mtl.checkpoint.store import LoadedModel, untrained
from mtl.data import TaskData, read_task
from mtl.device import best_device
from mtl.distributed import shard, world
from mtl.errors import RecipeError, RunError
from mtl.evaluation import pair_notes
from mtl.freezing import FreezePlan, Freezer, Stage, resolve, stages
from mtl.heads import SimilarityHead
from mtl.inference.known_reading import with_known_reading
from mtl.model import MultiTaskModel
from mtl.optim import Optimization, build_optimization
from mtl.outside import Summary
from mtl.recipe.choices import Precision, Preset, Schedule, Solver, TaskKind
from mtl.recipe.schema import Recipe
from mtl.text.splitting import need_splitter
from mtl.training.data import TrainingData, tokenize
from mtl.training.head_features import objective_of, put_default_mix
from mtl.training.initial_model import load_initial_model
from mtl.training.lbfgs import ITERATIONS_BETWEEN, MOST_ITERATIONS, HeadSolver
from mtl.training.losses import LossWeights
from mtl.training.precision import PrecisionChoice, choose_precision
from mtl.training.sampler import BatchIndices, TaskSampler
from mtl.training.selection import need_best
from mtl.training.stage import StageState, activation_cache, anchors_of
from mtl.training.tag_layers import with_fitting_anchor
from mtl.training.train_set import TrainBatch, TrainSet, make_batch

_FEWEST_BATCHES = 50  # of an epoch, for batches that grow


@dataclass(frozen=True)
class TrainSchedule:
    """Order, length and optimizer of a run that trains something."""

    sampler: TaskSampler
    optimization: Optimization
    weights: LossWeights
    total_steps: int
    solver: Solver = Solver.SGD
    """With `lbfgs` a step is an iteration over all examples of a task, and nothing is sampled."""
    tasks: int = 1
    """That train."""

    @property
    def steps_per_epoch(self) -> int:
        """Steps in which each example is gone through once."""
        return self.tasks if self.solver is Solver.LBFGS else self.sampler.batches_per_epoch

    def draws(self, names: Sequence[str]) -> Counter[str]:
        """How many batches, or iterations of each of its tasks, each of the train sets of these names has."""
        if self.solver is Solver.LBFGS:
            return Counter(dict.fromkeys(names, -(-self.total_steps // self.tasks)))
        return self.sampler.draws(self.total_steps)

    def steps_between(self, every: str | int) -> int:
        """Steps from one evaluation to the next, by `evaluation.every` of a recipe."""
        if isinstance(every, int):
            return every
        return self.steps_per_epoch * (ITERATIONS_BETWEEN if self.solver is Solver.LBFGS else 1)


@dataclass
class Trainer:
    """Model, data and schedule of one run; `schedule` is None when nothing trains.

    `stage` is the state of the current stage; `enter_stage` moves on to another one.
    """

    recipe: Recipe
    loaded: LoadedModel
    task_data: Mapping[str, TaskData]
    data: TrainingData
    stages: tuple[Stage, ...]
    schedule: TrainSchedule | None
    freezer: Freezer
    trained_parameters: int
    anchors: Mapping[str, NDArray[np.floating]] = field(default_factory=dict)
    precision: Precision = Precision.FP32
    stage: StageState | None = None
    solver_states: Mapping[str, Mapping[str, Tensor]] = field(default_factory=dict)
    """By task, of an interrupted run."""
    changed_tasks: frozenset[str] = frozenset()
    """Those whose training data have changed since the run was interrupted."""
    notices: list[str] = field(default_factory=list)
    """What the user should know and no event has told yet; a stage and a step add to it."""
    least_stage: int = 0
    """In which an interrupted run was: what trained then is not frozen again, though there may be more steps now."""
    _solvers: Mapping[str, HeadSolver] = field(default_factory=dict)
    _index: int = field(default=-1)

    @property
    def stage_index(self) -> int:
        """The number of the stage that was entered, from 0; -1 before the first."""
        return self._index

    @property
    def total_steps(self) -> int:
        """Steps of the whole run, 0 when nothing trains."""
        return self.schedule.total_steps if self.schedule else 0

    def settle_precision(self, kept: Precision | None = None) -> tuple[str, ...]:
        """Take that of an interrupted run or the recipe's, for `auto` a measured one; returns the reason of the latter.

        A measured precision then stands in the recipe.
        """
        if self.schedule is None:
            return ()
        if self.recipe.precision == "auto" and world().shards:
            kept = kept or Precision.FP32  # one process alone cannot measure
        choice = PrecisionChoice(kept) if kept else world().first(lambda: choose_precision(self.recipe, self.loaded))
        self.precision = choice.precision
        self.recipe = self.recipe.with_precision(choice.precision)
        return (f"precision {choice.precision}: {choice.reason}",) if choice.reason else ()

    def enter_stage_of(self, step: int) -> bool:
        """Make ready for the stage of the step after `step` steps; returns whether it is a new one."""
        index = self.stage_of(step)
        if index == self._index:
            return False
        self.enter_stage(index)
        return True

    def stage_of(self, step: int) -> int:
        """The stage of the step after `step` steps."""
        share = step / max(1, self.total_steps)
        return max(self.least_stage, *(i for i, stage in enumerate(self.stages) if stage.begins <= share))

    def enter_stage(self, index: int) -> StageState:
        """Freeze what this stage freezes; what lies below is computed when the first batch needs it."""
        plan = self.stages[index].plan
        self.freezer = Freezer(self.loaded.model, plan)
        self.loaded.model.eval()  # a cut tries the model out and must draw no random numbers for dropout
        cache = activation_cache(self.recipe, self.loaded, plan, precision=self.precision)
        self._index = index
        self.stage = StageState(self.recipe, self.loaded, self.data, self.freezer, cache, self.notices)
        return self.stage

    def batch(self, indices: BatchIndices) -> TrainBatch:
        """The tensors of a batch, on the model's device."""
        examples = self.data.train[indices.name]
        cached = self.stage.train[indices.name] if self.stage else None
        batch = make_batch(examples, indices.rows, cached=cached, anchors=self.anchors.get(indices.name))
        return batch.to(self.loaded.model.device)

    def solvers(self) -> Mapping[str, HeadSolver]:
        """L-BFGS for the head of each task, from its state in an interrupted run; computes missing features.

        Raises:
            RunError: the states are those of other heads.
        """
        if not self._solvers:
            self._solvers = dict(self._made_solvers())
        return self._solvers

    def _made_solvers(self) -> Iterator[tuple[str, HeadSolver]]:
        assert self.stage is not None
        model, known = self.loaded.model, self.loaded.config.tasks if self.loaded.config else {}
        for name, examples in self.data.train.items():
            rows = self.stage.pooled(name)
            for task in examples.tasks.values():
                if task.name not in known:
                    put_default_mix(model.heads[task.name])
                objective = objective_of(task, examples, rows, model, l2=self.recipe.optimizer.l2)
                kept = self.solver_states.get(task.name)
                is_other = kept is not None and task.name in self.changed_tasks  # another optimum, near the old one
                solver = HeadSolver(objective, model.heads[task.name], warm=task.name in known or is_other)
                if kept is not None:
                    try:
                        (solver.begin_again if is_other else solver.restore)(kept)
                    except (ValueError, KeyError) as error:
                        raise RunError(
                            f"the state of {task.name}: one of this recipe was expected ({error})"
                        ) from error
                yield task.name, solver

    def taken_notices(self) -> Sequence[str]:
        """The notices since the last call, each once."""
        taken = list(dict.fromkeys(self.notices))
        self.notices.clear()
        return taken

    @property
    def made_solvers(self) -> Mapping[str, HeadSolver]:
        """Those that have begun; none with SGD."""
        return self._solvers

    def notes(self) -> tuple[str, ...]:
        """What the user should know before it starts."""
        notes = [*self.recipe.notes, *(note for data in self.task_data.values() for note in data.notes)]
        for name, examples in self.data.train.items():
            cut = len(examples.texts.cut_at)
            if cut:
                longest = self.loaded.tokenizer.max_length
                notes.append(f"{name}: {cut} training texts are longer than {longest} tokens and cut")
        if self.schedule:
            idle = [name for name in self.task_data if name not in self.data.trained_tasks]
            notes += [f"{name}: nothing to train here, it is only measured" for name in idle]
        for name, data in self.task_data.items():
            task = self.loaded.model.tasks[name]
            notes += [f"{name}: dev: {note}" for note in (pair_notes(task, data.dev) if data.dev else ())]
        missing = [name for name, data in self.task_data.items() if not data.dev]
        for name in missing:
            note = f"{name}: no dev data, so it is not evaluated"
            if self.schedule and self.loaded.model.tasks[name].temperature != 1:
                note += ", and its probabilities keep the temperature that fitted the checkpoint"
            notes.append(note)
        if self.stages[-1].plan.backbone_trains:
            notes += [
                f"{name}: stays as it is while the encoder changes, so its answers may change, and no text is marked "
                "as unlike its training texts"
                for name in self.loaded.model.tasks
                if name not in self.task_data
            ]
        return tuple(notes)


def set_up(recipe: Recipe, *, anchored: bool = True, resumed: bool = False) -> Trainer:
    """Read the data, load the backbone, build heads, and plan the steps; `enter_stage_of` comes next.

    Args:
        recipe: of the run.
        anchored: whether training texts get the anchors that the recipe asks for, which takes a pass over all of them.
        resumed: whether the run goes on.

    Raises:
        MtlError: anything in the recipe, the data or the backbone is not as expected.
    """
    with world().together():
        recipe = with_known_reading(recipe, resumed=resumed)
        need_splitter(recipe.words)
        data = {name: read_task(name, config) for name, config in recipe.tasks.items()}
        torch.manual_seed(recipe.seed)
        initial = load_initial_model(recipe, data)
        rows = sum(len(task.train) for task in data.values())
        recipe = with_fitting_anchor(recipe.with_solver(initial.solver), initial.loaded.model, rows)
        loaded, data = initial.loaded, initial.noted(data)
        dev = {name: task.dev for name, task in data.items() if task.dev}
        need_best(recipe.evaluation, {name: loaded.model.tasks[name] for name in data}, dev)
        loaded = replace(loaded, tokenizer=loaded.tokenizer.with_long_texts(recipe.long_texts))
        encoder = loaded.model.encoder
        plan = resolve(recipe.freezing, tasks=data, layer_count=len(encoder.parts().layers))
        plan = replace(plan, frozen_heads=plan.frozen_heads | initial.kept_tasks)
        run_stages = stages(recipe.freezing, plan)
        if encoder.adapter_rank is not None and recipe.freezing.rank not in (None, encoder.adapter_rank):
            raise RecipeError(
                f"freezing.rank: {encoder.adapter_rank} was expected as the checkpoint's adapters have, "
                f"was {recipe.freezing.rank}"
            )
        if plan.rank is not None and encoder.adapter_rank is None:
            add_adapters(encoder, rank=plan.rank)
        freezer = Freezer(loaded.model, plan)
        _place(loaded.model, recipe)
        trained_parameters = freezer.trained_parameters()
        trains = trained_parameters > 0
        trained = _trained_tasks(data, plan) if trains else ()
        loaded = replace(loaded, outside=_still_true(loaded.outside, plan, trained, recipe.solver))
        untouched = loaded
        if loaded.config is not None:  # drift and anchor count from the untouched backbone, not from the checkpoint
            untouched = untrained(loaded)
            if world().shards:
                _place(untouched.model, recipe)
        tasks = {name: loaded.model.tasks[name] for name in trained}
        tokenized = tokenize(data, tasks, (loaded, untouched), recipe=recipe)
    anchors = {}
    if anchored and is_anchored(recipe, plan):
        anchors = {name: anchors_of(recipe, untouched, examples.texts) for name, examples in tokenized.train.items()}
    schedule = _schedule(recipe, loaded, tokenized, plan) if trains else None
    return Trainer(recipe, loaded, data, tokenized, run_stages, schedule, freezer, trained_parameters, anchors=anchors)


def _still_true(
    known: Mapping[str, Summary], plan: FreezePlan, trained: Sequence[str], solver: Solver
) -> dict[str, Summary]:
    """The summaries of a checkpoint that hold during a run: of its encoder, and of texts that its heads do not forget.

    L-BFGS finds the optimum of the texts of the run alone, wherever it begins.
    """
    forgets = trained if solver is Solver.LBFGS else ()
    return {} if plan.backbone_trains else {name: one for name, one in known.items() if name not in forgets}


def _place(model: MultiTaskModel, recipe: Recipe) -> None:
    """Put a model on the device of this process, or its part of the encoder with all heads.

    Raises:
        RecipeError: the recipe asks for what does not go with parts.
    """
    if not world().shards:
        model.to(best_device())
        return
    compares = any(isinstance(head, SimilarityHead) and head.ranks for head in model.heads.values())
    for key, found in {
        "freezing.schedule": recipe.freezing.schedule is not Schedule.CONSTANT
        or recipe.freezing.preset in (Preset.GRADUAL, Preset.PROBE_THEN_FINETUNE),
        "evaluation.gradient_cosine": recipe.evaluation.gradient_cosine,
        "head.loss": compares,
        "head.layers": model.encoder.gives_layers,
    }.items():
        if found:
            raise RecipeError("its default was expected with FSDP (cosine for the loss of pairs)", key=key)
    parts = model.encoder.parts()
    shard(model.encoder.model, parts.layers)
    for module in (model.heads, model.shared):
        module.to(best_device())


def is_anchored(recipe: Recipe, plan: FreezePlan) -> bool:
    """Whether training texts bring their embedding by the untouched backbone."""
    return recipe.anchor > 0 and plan.backbone_trains


def _batch_tokens(recipe: Recipe, examples: TrainSet, plan: FreezePlan) -> int:
    """Tokens of a batch of a train set.

    Tasks that share their steps make fewer of them; batches smaller by the square root of the number of tasks keep what
    they learn (`benchmarks/train.py`, snips). A step of a head alone is too short to keep the cores busy with few
    texts, so its batches grow; those of tagging do not, since it lost 2 to 8 points of F1 with larger ones.
    """
    budget = recipe.budget
    tokens = max(1, round(budget.batch_tokens / sqrt(len(examples.tasks))))
    kinds = {task.kind for task in examples.tasks.values()}
    if plan.backbone_trains or not recipe.cache.enabled or kinds != {TaskKind.CLASSIFICATION}:
        return tokens
    return max(tokens, min(budget.frozen_batch_tokens, examples.tokens // _FEWEST_BATCHES))


def _schedule(recipe: Recipe, loaded: LoadedModel, data: TrainingData, plan: FreezePlan) -> TrainSchedule:
    """While the last stage's plan is applied, so that the optimizer holds all that will ever train, and no more."""
    lengths = {name: examples.lengths for name, examples in data.train.items()}
    budgets = {name: _batch_tokens(recipe, examples, plan) for name, examples in data.train.items()}
    groups = {name: own for name, examples in data.train.items() if (own := examples.groups) is not None}
    sampler = TaskSampler(lengths, sampling=recipe.sampling, budgets=budgets, seed=recipe.seed, groups=groups)
    total = max(1, round(sampler.batches_per_epoch * recipe.budget.epochs))
    if recipe.solver is Solver.LBFGS:
        total = MOST_ITERATIONS * len(data.trained_tasks)
    total = min(total, recipe.budget.max_steps or total)
    fixed = {name: recipe.tasks[name].weight for name in data.trained_tasks}
    weights = LossWeights(fixed, learned=recipe.balancing == "uncertainty").to(loaded.model.device)
    optimization = build_optimization(loaded.model, recipe.optimizer, total_steps=total, weights=weights)
    return TrainSchedule(sampler, optimization, weights, total, recipe.solver, len(data.trained_tasks))


def _trained_tasks(data: Mapping[str, TaskData], plan: FreezePlan) -> tuple[str, ...]:
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
    return tuple(trained)
