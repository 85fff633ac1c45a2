"""Thresholds of a multi-label task, chosen on labelled examples."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mtl.data import Example, MultiLabelText, labels_of
from mtl.decoding import ModelOutput, best_thresholds
from mtl.task import TaskInfo

_Number = TypeVar("_Number", np.bool_, np.float32, np.float64)


def with_thresholds(task: TaskInfo, examples: Sequence[Example], output: ModelOutput) -> TaskInfo:
    """The task with the thresholds that fit these examples best; other tasks than multi-label ones as they are.

    A label that no example has keeps its threshold.

    Args:
        task: of the model.
        examples: of the task's kind.
        output: of the request that `request_of` makes of them.
    """
    if not task.multi_label:
        return task
    gold = indicators(examples, task.labels)
    found = best_thresholds(gold, output.classes[task.name], before=task.thresholds)
    return replace(task, thresholds=tuple(found.tolist()))


def indicators(examples: Sequence[Example], labels: Sequence[str]) -> NDArray[np.bool_]:
    """`(N, C)`: which of the labels each multi-label example has."""
    sets = [set(example.labels) for example in examples if isinstance(example, MultiLabelText)]
    return np.array([[label in own for label in labels] for own in sets], dtype=bool).reshape(len(sets), len(labels))


def all_labels(task: TaskInfo, examples: Sequence[Example]) -> tuple[str, ...]:
    """The labels of the head, then those that only the examples have."""
    return tuple(dict.fromkeys([*task.labels, *labels_of(examples)]))


def widened(values: NDArray[_Number], columns: int) -> NDArray[_Number]:
    """`(N, C)` with columns of zeros behind, for labels that the head lacks."""
    return np.pad(values, ((0, 0), (0, columns - values.shape[1])))
