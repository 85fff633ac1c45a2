"""Which metrics labelled examples give, whatever a model answers."""

from collections.abc import Sequence

from mtl.data import Example, ScoredPair, labels_of
from mtl.evaluation.metrics import Measured
from mtl.recipe.choices import TaskKind

_OF_POSITIVE = ("accuracy@1", "mrr")
_OF_BOTH = "average_precision"


def gives(task: Measured, metric: str, examples: Sequence[Example]) -> bool:
    """Whether every evaluation on these examples has the metric.

    That of a label needs the label among the examples: elsewhere it comes and goes with what a model predicts, and is 0
    or nothing. `mean_average_precision` needs any label. A correlation needs scores that differ; with
    `loss: multiple_negatives`, retrieval needs a positive pair, and `average_precision` another one beside it.

    Args:
        task: of a recipe or of a model.
        metric: one of its kind, without the name of the task.
        examples: of the task's kind.
    """
    _, slash, label = metric.partition("/")
    if slash:
        return label in labels_of(examples)
    if task.multi_label and metric == "mean_average_precision":
        return bool(labels_of(examples))
    if task.kind is not TaskKind.SIMILARITY:
        return True
    pairs = [example for example in examples if isinstance(example, ScoredPair)]
    positive = {pair.is_positive for pair in pairs}
    if metric in _OF_POSITIVE:
        return True in positive
    return len(positive) == 2 if metric == _OF_BOTH else len({pair.score for pair in pairs}) > 1
