"""Which solver trains a run: the one place where it is decided.

L-BFGS goes through all examples of a task in each iteration and finds the one optimum of a convex loss, without
learning rates. It is for linear heads on a frozen backbone, whose features are computed once. `auto` takes it there
for classes, where it was as good as AdamW and faster. Entities were found a point of F1 better by AdamW on wikigold, so
they keep it (`benchmarks/solver.py`). So does a recipe that sets keys of AdamW or of its batches, which L-BFGS
does not read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import get_args

from mtl.distributed import world
from mtl.errors import RecipeError
from mtl.recipe.choices import BackboneFreezing, Decoder, Preset, Schedule, Solver, TaskKind
from mtl.recipe.schema import FollowingKey, Recipe
from mtl.recipe.sections import BudgetConfig, OptimizerConfig
from mtl.recipe.tasks import HeadConfig, TaskConfig
from mtl.task import TaskInfo

_ADAMW = ("backbone_lr", "head_lr", "tagging_lr", "layer_decay", "weight_decay", "warmup", "clip")
_BATCHES = ("epochs", "batch_tokens", "frozen_batch_tokens", "micro_batch_tokens")


@dataclass(frozen=True)
class Obstacle:
    """A key of the recipe, what L-BFGS expects of it, and what it is."""

    key: str
    expected: str
    came: str

    @property
    def sentence(self) -> str:
        """Without the key."""
        return f"{self.expected} was expected with solver lbfgs, was {self.came}"


def choose_solver(recipe: Recipe, known: Mapping[str, TaskInfo]) -> Solver:
    """What trains a run.

    Args:
        recipe: of the run.
        known: the tasks of the checkpoint that it starts from.

    Raises:
        RecipeError: the recipe asks for L-BFGS where it does not apply.
    """
    if recipe.solver is Solver.SGD or recipe.freezing.preset is Preset.ALL_FROZEN:
        return Solver.SGD
    obstacle = next(_obstacles(recipe, known), None)
    if recipe.solver is Solver.LBFGS:
        if obstacle is not None:
            raise RecipeError(obstacle.sentence, key=obstacle.key)
        return Solver.LBFGS
    tags = any(task.kind is TaskKind.TAGGING for task in _trained(recipe).values())
    return Solver.SGD if obstacle is not None or tags or _sets_adamw_keys(recipe) else Solver.LBFGS


def linear(head: HeadConfig) -> HeadConfig:
    """The shape of a new head that L-BFGS trains."""
    return head.model_copy(update={"hidden": (), "dropout": 0.0})


def _trained(recipe: Recipe) -> dict[str, TaskConfig]:
    frozen = set(recipe.freezing.frozen_heads)
    return {
        name: task
        for name, task in recipe.tasks.items()
        if name not in frozen and task.train and task.kind is not TaskKind.SIMILARITY
    }


def _obstacles(recipe: Recipe, known: Mapping[str, TaskInfo]) -> Iterator[Obstacle]:
    """Why L-BFGS does not apply, the first reason first."""
    freezing = recipe.freezing
    is_frozen = freezing.preset is Preset.HEADS_ONLY or (
        freezing.preset is None and freezing.backbone is BackboneFreezing.FROZEN
    )
    if not is_frozen or freezing.schedule is not Schedule.CONSTANT:
        came = str(freezing.preset or freezing.backbone or "full")
        yield Obstacle("freezing.preset", "heads_only, since every other part would change the features,", came)
    if recipe.balancing != "static":
        yield Obstacle("balancing", "static, since each head is solved by itself,", recipe.balancing)
    if world().size > 1:
        yield Obstacle("solver", "one process", f"{world().size}")
    default = HeadConfig()
    for name, task in _trained(recipe).items():
        head, key = known[name].head if name in known else task.head, f"tasks.{name}.head"
        tanh_layer = name in known and task.kind is TaskKind.CLASSIFICATION and head.hidden is None
        if head.hidden or tanh_layer:
            came = ", ".join(map(str, head.hidden or ())) or "one layer in the checkpoint's head"
            yield Obstacle(f"{key}.hidden", "no hidden layer, since only a linear head has a single optimum,", came)
        if head.shared:
            yield Obstacle(f"{key}.shared", "no shared layer", repr(head.shared))
        if head.decoder is Decoder.CRF and task.kind is TaskKind.TAGGING:
            yield Obstacle(f"{key}.decoder", "linear, since the solver knows no transitions,", "crf")
        if name not in known and head.dropout not in (0.0, default.dropout):
            yield Obstacle(f"{key}.dropout", "none, since nothing is drawn by chance,", f"{head.dropout:g}")
        if head.label_smoothing:
            yield Obstacle(f"{key}.label_smoothing", "0", f"{head.label_smoothing:g}")


def _sets_adamw_keys(recipe: Recipe) -> bool:
    """Whether somebody set a key that L-BFGS does not have; defaults that were written out do not count."""
    plain = {"optimizer": OptimizerConfig(), "budget": BudgetConfig()}
    for section, keys in (("optimizer", _ADAMW), ("budget", _BATCHES)):
        own = getattr(recipe, section)
        for key in keys:
            is_set = key in own.model_fields_set
            follows = f"{section}.{key}" in get_args(FollowingKey)
            if is_set and (follows or getattr(own, key) != getattr(plain[section], key)):
                return True
    return False
