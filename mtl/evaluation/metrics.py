"""The names of metrics by kind of task."""

from mtl.recipe.choices import TaskKind

MAIN_METRIC = {TaskKind.CLASSIFICATION: "accuracy", TaskKind.TAGGING: "f1", TaskKind.SIMILARITY: "spearman_cosine"}

_METRICS = {
    TaskKind.CLASSIFICATION: ("accuracy", "macro_f1", "precision/", "recall/", "f1/"),
    TaskKind.TAGGING: ("f1", "precision", "recall", "token_accuracy", "precision/", "recall/", "f1/"),
    TaskKind.SIMILARITY: ("spearman_cosine", "pearson_cosine"),
}


def is_metric(kind: TaskKind, name: str) -> bool:
    """Whether tasks of this kind are measured by a metric of this name; `f1/<label>` and the like count."""
    family, slash, label = name.partition("/")
    return f"{family}/" in _METRICS[kind] and bool(label) if slash else name in _METRICS[kind]
