"""Metrics of a task from labelled examples and the output of a model on their texts, whatever ran it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mtl.data import Example, LabelledText, MultiLabelText, ScoredPair, TaggedText, texts_of
from mtl.decoding import ModelOutput, Request, chosen
from mtl.errors import DataError
from mtl.evaluation.calibration import CalibrationCurves, calibration_curves, calibration_metrics
from mtl.evaluation.pairs import main_pair_metric, pair_metrics
from mtl.evaluation.thresholds import all_labels, indicators, widened
from mtl.evaluation.words_read import gold_tags, read_words, tags_given
from mtl.labels import spans_of
from mtl.metrics import (
    classification_metrics,
    micro_f1,
    multi_label_metrics,
    span_f1,
    tagging_metrics,
)
from mtl.recipe.choices import TaskKind
from mtl.task import TaskInfo

Run = Callable[[Request], ModelOutput]
_EXAMPLES: dict[TaskKind, type[Example]] = {
    TaskKind.CLASSIFICATION: LabelledText,
    TaskKind.TAGGING: TaggedText,
    TaskKind.SIMILARITY: ScoredPair,
}


def request_of(task: TaskInfo, examples: Sequence[Example]) -> Request:
    """What to run: the texts of the examples, those of a pair one after the other, for tagging with their words.

    Raises:
        DataError: the examples are of another kind than the task, or there are none.
    """
    expected = MultiLabelText if task.multi_label else _EXAMPLES[task.kind]
    if not examples or not all(isinstance(example, expected) for example in examples):
        kind = f"multi-label {task.kind}" if task.multi_label else task.kind
        raise DataError(f"{task.name} is a {kind} task and needs examples of that kind")
    texts = [text for example in examples for text in texts_of(example)]
    if task.kind is not TaskKind.TAGGING:
        return Request(texts)
    return Request(texts, [read_words(e) for e in examples if isinstance(e, TaggedText)])


def metrics_of(task: TaskInfo, examples: Sequence[Example], output: ModelOutput) -> dict[str, float]:
    """Every metric of a task, by name without prefix; tagging is scored on the words as given.

    An entity in a user handle counts as all of it. Words that were cut count as `O`, and labels that a multi-label head
    lacks as not found.

    Args:
        task: of the model.
        examples: of the task's kind.
        output: of the request that `request_of` makes of them.
    """
    return _answer_metrics(task, examples, output) | calibration_metrics(task, examples, output)


def _answer_metrics(task: TaskInfo, examples: Sequence[Example], output: ModelOutput) -> dict[str, float]:
    match task.kind:
        case TaskKind.CLASSIFICATION if task.multi_label:
            labels = all_labels(task, examples)
            return multi_label_metrics(
                labels,
                gold=indicators(examples, labels),
                found=widened(chosen(output.classes[task.name], task.thresholds), len(labels)),
                probabilities=widened(output.classes[task.name], len(labels)),
            )
        case TaskKind.CLASSIFICATION:
            return classification_metrics(_labels(examples), _predicted(task, output))
        case TaskKind.TAGGING:
            return tagging_metrics(_gold(examples), _tags(task, examples, output))
        case TaskKind.SIMILARITY:
            return pair_metrics(task, examples, output)


def main_metric(task: TaskInfo, examples: Sequence[Example], output: ModelOutput) -> float:
    """The metric that `main_metric_name` names alone, as `metrics_of` gives it; 0 for pairs that do not give it.

    All but Spearman's correlation come without the libraries of the whole report, which take longer to load than a
    sample to run.
    """
    match task.kind:
        case TaskKind.CLASSIFICATION if task.multi_label:
            labels = all_labels(task, examples)
            found = widened(chosen(output.classes[task.name], task.thresholds), len(labels))
            return micro_f1(indicators(examples, labels), found)
        case TaskKind.CLASSIFICATION:
            return float(np.mean([a == b for a, b in zip(_labels(examples), _predicted(task, output), strict=True)]))
        case TaskKind.TAGGING:
            right = [spans_of(tags) for tags in _gold(examples)]
            return span_f1(right, [spans_of(tags) for tags in _tags(task, examples, output)])["f1"]
        case TaskKind.SIMILARITY:
            return main_pair_metric(task, examples, output)


def evaluate(task: TaskInfo, examples: Sequence[Example], run: Run) -> dict[str, float]:
    """Every metric of a task on examples; errors as `request_of`."""
    return metrics_of(task, examples, run(request_of(task, examples)))


@dataclass(frozen=True)
class Evaluation:
    """Every metric of a task by name without prefix, and its calibration curves if it has probabilities."""

    metrics: dict[str, float]
    curves: CalibrationCurves | None


def evaluate_with_curves(task: TaskInfo, examples: Sequence[Example], run: Run) -> Evaluation:
    """As `evaluate`, with the calibration curves of the same output."""
    output = run(request_of(task, examples))
    return Evaluation(metrics_of(task, examples, output), calibration_curves(task, examples, output))


def _labels(examples: Sequence[Example]) -> list[str]:
    return [e.label for e in examples if isinstance(e, LabelledText)]


def _predicted(task: TaskInfo, output: ModelOutput) -> list[str]:
    return [task.labels[best] for best in output.classes[task.name].argmax(axis=1)]


def _gold(examples: Sequence[Example]) -> list[tuple[str, ...]]:
    return [gold_tags(e) for e in examples if isinstance(e, TaggedText)]


def _tags(task: TaskInfo, examples: Sequence[Example], output: ModelOutput) -> list[tuple[str, ...]]:
    """Of the words as given."""
    names, texts = task.tags.tags, [e for e in examples if isinstance(e, TaggedText)]
    return [
        tags_given(example, [names[tag] for tag in found.tags])
        for example, found in zip(texts, output.tags[task.name], strict=True)
    ]
