"""Tasks of checkpoints that transformers wrote: a classifier of texts or of tokens, told from `config.json` alone."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mtl.checkpoint.config import CONFIG_FILE, TaskRecord
from mtl.checkpoint.stock_heads import STOCK_HEADS
from mtl.errors import BackboneError
from mtl.json_text import parse_json
from mtl.labels import OUTSIDE
from mtl.recipe.choices import Activation, Decoder, TaskKind
from mtl.recipe.tasks import HeadConfig
from mtl.task import TaskInfo

PIPELINE_WORDS = "pipeline"
"""Under `words` of an imported model, in the place of a recipe's: words as the pipelines tell them from tokens."""
TASK_KEY = "polyhead_task"
"""In `config.json` of an exported task: its name."""
_KINDS = {"ForTokenClassification": TaskKind.TAGGING, "ForSequenceClassification": TaskKind.CLASSIFICATION}
_NAMES = {TaskKind.TAGGING: "tags", TaskKind.CLASSIFICATION: "classes"}


def imported_task(folder: Path) -> TaskInfo | None:
    """The task of a folder with a classifier, called `classes` or `tags` where it has no name; None for any other.

    Raises:
        BackboneError: its classifier cannot be held.
    """
    try:
        config = parse_json((folder / CONFIG_FILE).read_text(encoding="utf-8"))
        architecture = str((config.get("architectures") or [""])[0])
    except (OSError, ValueError, AttributeError, TypeError, KeyError, IndexError):
        return None
    kind = next((kind for ending, kind in _KINDS.items() if architecture.endswith(ending)), None)
    if kind is None:
        return None
    labels = read_labels(config, folder)
    name = str(config.get(TASK_KEY) or _NAMES[kind])
    head = _modernbert_head(config, folder) if config.get("model_type") == "modernbert" else HeadConfig()
    if kind is TaskKind.TAGGING:
        head = head.model_copy(update={"decoder": Decoder.ARGMAX})
        return TaskInfo(name, kind, entity_types(labels, folder), head)
    if head.norm:
        return TaskInfo(name, kind, tuple(labels), head, _has_several(config, labels, folder))
    return _classification(name, labels, config, folder)


def read_labels(config: dict[str, Any], folder: Path) -> list[str]:
    """The labels by row of the classifier; those of transformers where the configuration names none.

    Raises:
        BackboneError: the rows are not numbered from 0 without a gap, or two have the same label.
    """
    named = config.get("id2label")
    if named is None:
        return ["LABEL_0", "LABEL_1"]
    if not isinstance(named, dict) or not named or set(named) != {str(row) for row in range(len(named))}:
        shown = ", ".join(list(named)[:5]) if isinstance(named, dict) else type(named).__name__
        raise BackboneError(f"id2label with the rows 0, 1, 2 … was expected, was {shown}", path=folder / CONFIG_FILE)
    labels = [str(named[str(row)]) for row in range(len(named))]
    if len(set(labels)) < len(labels):
        raise BackboneError("labels that differ were expected in id2label", path=folder / CONFIG_FILE)
    return labels


def record(task: TaskInfo) -> dict[str, TaskRecord]:
    """The task as a checkpoint's configuration has it."""
    return {task.name: TaskRecord.of(task)}


def entity_types(labels: Sequence[str], folder: Path) -> tuple[str, ...]:
    """The entity types of tags O, B-X and I-X; a label without a prefix is a type of its own, as in the pipelines.

    Raises:
        BackboneError: a tag is of another scheme.
    """
    plain = {label for label in labels if label != OUTSIDE and label[:2] not in ("B-", "I-")}
    types = [label if label in plain else label[2:] for label in labels if label != OUTSIDE]
    wrong = [label for label in plain if label[1:2] == "-" or f"B-{label}" in labels or f"I-{label}" in labels]
    if wrong or not all(types):
        shown = wrong[0] if wrong else next(label for label in labels if label in ("B-", "I-"))
        raise BackboneError(f"tags O, B-X and I-X, or plain types were expected, was {shown!r}", path=folder)
    return tuple(dict.fromkeys(types))


def _classification(name: str, labels: Sequence[str], config: dict[str, Any], folder: Path) -> TaskInfo:
    kind = config.get("model_type")
    if kind not in list(STOCK_HEADS):
        raise BackboneError(f"a classifier of {', '.join(STOCK_HEADS)} was expected, was {kind}", path=folder)
    activation = STOCK_HEADS[kind].activation or config.get("pooler_hidden_act", Activation.GELU)
    head = HeadConfig(activation=_activation(activation, folder))
    return TaskInfo(name, TaskKind.CLASSIFICATION, tuple(labels), head, _has_several(config, labels, folder))


def _has_several(config: dict[str, Any], labels: Sequence[str], folder: Path) -> bool:
    """Whether a text has any number of the labels; a pipeline reads one label alone in this way."""
    problem = config.get("problem_type")
    if problem == "regression":
        raise BackboneError("a classifier was expected, this model gives a number (regression)", path=folder)
    return problem == "multi_label_classification" or len(labels) == 1


def _modernbert_head(config: dict[str, Any], folder: Path) -> HeadConfig:
    activation = _activation(config.get("classifier_activation", Activation.GELU), folder)
    try:
        return HeadConfig(hidden=(config["hidden_size"],), activation=activation, norm=config.get("norm_eps", 1e-5))
    except (KeyError, ValidationError) as error:
        message = "a hidden_size and a norm_eps that a classifier can have were expected"
        raise BackboneError(message, path=folder / CONFIG_FILE) from error


def _activation(name: object, folder: Path) -> Activation:
    if name not in list(Activation):
        allowed = ", ".join(Activation)
        raise BackboneError(f"a classifier's activation of {allowed} was expected, was {name}", path=folder)
    return Activation(str(name))
