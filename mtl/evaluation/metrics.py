"""The names of metrics by kind of task."""

from typing import Protocol

from mtl.recipe.choices import TaskKind
from mtl.task import Headed, is_contrastive

_MULTI_LABEL = "multi-label"
_CONTRASTIVE = "contrastive"
_MAIN = {
    TaskKind.CLASSIFICATION: "accuracy",
    _MULTI_LABEL: "micro_f1",
    TaskKind.TAGGING: "f1",
    _CONTRASTIVE: "mrr",
    TaskKind.SIMILARITY: "spearman_cosine",
}
_PER_LABEL = ("precision/", "recall/", "f1/")
LOWER_IS_BETTER = ("ece", "brier")
"""Metrics of probabilities."""
_SHARED = (*_PER_LABEL, *LOWER_IS_BETTER)
_METRICS = {
    TaskKind.CLASSIFICATION: ("accuracy", "macro_f1", *_SHARED),
    _MULTI_LABEL: ("micro_f1", "macro_f1", "subset_accuracy", "mean_average_precision", *_SHARED),
    TaskKind.TAGGING: ("f1", "precision", "recall", "token_accuracy", *_SHARED),
    _CONTRASTIVE: ("accuracy@1", "mrr", "average_precision", "spearman_cosine", "pearson_cosine"),
    TaskKind.SIMILARITY: ("spearman_cosine", "pearson_cosine"),
}
MAIN_METRICS = tuple(_MAIN.values())
"""Of all kinds of tasks; a task that has several of them is measured by the first."""


class Measured(Headed, Protocol):
    """What the metrics of a task depend on: a task of a recipe or of a model."""

    @property
    def multi_label(self) -> bool:
        """Whether a text may have several labels."""


def main_metric_name(task: Measured) -> str:
    """The metric that chooses the best checkpoint."""
    return _MAIN[_family(task)]


def is_metric(task: Measured, name: str) -> bool:
    """Whether the task is measured by a metric of this name; `f1/<label>` and the like count."""
    family, slash, label = name.partition("/")
    known = _METRICS[_family(task)]
    return f"{family}/" in known and bool(label) if slash else name in known


def _family(task: Measured) -> str:
    if is_contrastive(task):
        return _CONTRASTIVE
    return _MULTI_LABEL if task.multi_label else task.kind
