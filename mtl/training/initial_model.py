"""The model that a run starts from: a backbone with new heads, or a trained checkpoint."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch

from mtl.checkpoint.store import LoadedModel, build, extend
from mtl.data import TaskData, count_labels
from mtl.encoder import load_backbone
from mtl.errors import RecipeError
from mtl.heads import ClassificationHead
from mtl.inference.source import find_model, load_model
from mtl.labels import DEFAULT_THRESHOLD
from mtl.model import MultiTaskModel, TaskInfo
from mtl.recipe.choices import Preset, Solver, TaskKind
from mtl.recipe.schema import Recipe
from mtl.recipe.tasks import HeadConfig
from mtl.training.solver import choose_solver, linear
from mtl.training.tag_layers import default_layer


@dataclass(frozen=True)
class InitialModel:
    """The model at step 0; `kept_tasks` are tasks of a checkpoint that the recipe does not train.

    `grown` has the labels that the head of a task got in addition to those of the checkpoint.
    """

    loaded: LoadedModel
    kept_tasks: frozenset[str]
    solver: Solver
    grown: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def noted(self, data: Mapping[str, TaskData]) -> dict[str, TaskData]:
        """The data with a note for each head that has grown."""
        found = dict(data)
        for name, labels in self.grown.items():
            shown = ", ".join(labels[:5]) + (f" and {len(labels) - 5} more" if len(labels) > 5 else "")
            note = f"{name}: the checkpoint's head keeps its labels and learns new ones: {shown}"
            found[name] = replace(found[name], notes=(*found[name].notes, note))
        return found


def load_initial_model(recipe: Recipe, data: Mapping[str, TaskData]) -> InitialModel:
    """Load what the recipe's `backbone` names; a task that a checkpoint has keeps its head, with new labels at the end.

    The weights of classes are set.

    Raises:
        RecipeError: a task differs in kind, its frozen head lacks labels, or weights are given for other labels.
        MtlError: the backbone or checkpoint cannot be loaded.
    """
    source = find_model(recipe.backbone)
    solver = choose_solver(recipe, source.tasks)
    if source.config is None and source.imported is None:
        backbone = load_backbone(source.backbone, pooling=recipe.pooling, max_length=recipe.max_length)
        layer = default_layer(recipe, backbone.encoder)
        loaded = build(backbone, {name: _fresh(task, solver, layer) for name, task in data.items()})
        _weigh_classes(loaded.model, data)
        return InitialModel(loaded, frozenset(), solver)
    base = load_model(source)
    for key, came, has in (
        ("pooling", recipe.pooling, base.model.encoder.pooling),
        ("max_length", recipe.max_length, base.tokenizer.max_length),
    ):
        if came not in (None, has):
            raise RecipeError(f"{key}: {has} was expected as the checkpoint {recipe.backbone} has, was {came}")
    all_frozen = recipe.freezing.preset is Preset.ALL_FROZEN
    frozen = set(data) if all_frozen else set(recipe.freezing.frozen_heads)
    layer = default_layer(recipe, base.model.encoder)
    tasks = {
        name: _known(task, base, is_frozen=name in frozen) if name in base.model.tasks else _fresh(task, solver, layer)
        for name, task in data.items()
    }
    grown = {}
    for name, task in tasks.items():
        known = base.model.tasks.get(name)
        if known is not None and len(task.labels) > len(known.labels):
            grown[name] = task.labels[len(known.labels) :]
    loaded = extend(base, tasks)
    _weigh_classes(loaded.model, data)
    return InitialModel(loaded, frozenset(base.model.tasks) - frozenset(tasks), solver, grown)


def _fresh(task: TaskData, solver: Solver, layer: int | str) -> TaskInfo:
    head = linear(task.config.head) if solver is Solver.LBFGS else task.config.head
    if task.config.kind is TaskKind.TAGGING and head.layers is None:
        head = head.model_copy(update={"layers": layer})
    return TaskInfo(task.name, task.config.kind, task.labels, head, task.config.multi_label)


def _known(task: TaskData, base: LoadedModel, *, is_frozen: bool) -> TaskInfo:
    known = base.model.tasks[task.name]
    if known.kind is not task.config.kind:
        raise RecipeError(
            f"tasks.{task.name}.kind: {known.kind} was expected as in the checkpoint, was {task.config.kind}"
        )
    if known.multi_label is not task.config.multi_label:
        has = str(known.multi_label).lower()
        raise RecipeError(f"tasks.{task.name}.multi_label: {has} was expected as in the checkpoint")
    new = tuple(label for label in task.labels if label not in known.labels)
    if new and (is_frozen or not task.train):
        part, why = ("train", "its head is frozen") if task.train else ("dev", "without training data it learns none")
        raise RecipeError(
            f"tasks.{task.name}.{part}: labels of the checkpoint's head ({', '.join(known.labels[:8])}) were expected "
            f"since {why}, found {', '.join(new[:5])} too; a new name makes a new head"
        )
    if task.config.head.loss is not None:
        known = replace(known, head=task.config.head)  # a loss leaves no weights behind
    if not _is_default(task.config.head) and not _is_same(task.config.head, known.head, base):
        raise RecipeError(f"tasks.{task.name}.head: the checkpoint's head keeps its shape, leave the key out")
    # A label without a threshold of its own begins with the default.
    thresholds = known.thresholds and (*known.thresholds, *(DEFAULT_THRESHOLD for _ in new))
    return replace(known, labels=(*known.labels, *new), thresholds=thresholds)


def _is_default(head: HeadConfig) -> bool:
    """Whether a recipe says nothing of a head; recipes that were written out say all the defaults, former ones too."""
    written = {"dropout", "activation", "decoder", "layers"} <= head.model_fields_set
    return head == HeadConfig() or (written and head == HeadConfig(layers="last"))


def _is_same(said: HeadConfig, known: HeadConfig, base: LoadedModel) -> bool:
    """Whether all that a recipe says of a head is so; the last layer may have its number."""
    last = base.model.encoder.states_count - 1

    def shape(head: HeadConfig) -> HeadConfig:
        return head.model_copy(update={"layers": last if head.layers in (None, "last") else head.layers})

    return all(getattr(shape(said), key) == getattr(shape(known), key) for key in said.model_fields_set)


def _weigh_classes(model: MultiTaskModel, data: Mapping[str, TaskData]) -> None:
    for name, task in data.items():
        head = model.heads[name]
        if task.config.class_weights and isinstance(head, ClassificationHead):
            head.class_weights = torch.tensor(class_weights(task, model.tasks[name].labels))


def class_weights(task: TaskData, labels: tuple[str, ...]) -> list[float]:
    """How much each label counts in the loss: as given, or as `compute_class_weight` of scikit-learn balances them.

    Args:
        task: its configuration has weights.
        labels: those of its head; one that neither the weights name nor training examples have counts 1.

    Raises:
        RecipeError: a weight is given for a label that the head lacks.
    """
    given = task.config.class_weights
    if isinstance(given, dict):
        unknown = sorted(set(given) - set(labels))
        if unknown:
            raise RecipeError(
                f"tasks.{task.name}.class_weights: labels of {', '.join(labels[:8])} were expected, "
                f"was {', '.join(unknown[:5])}"
            )
        return [given.get(label, 1.0) for label in labels]
    counts = count_labels(task.train)
    return [len(task.train) / (len(counts) * counts[label]) if counts[label] else 1.0 for label in labels]
