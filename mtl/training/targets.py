"""What a model is to give for examples: numbers that fit the windows of their texts."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtl.data import Example, LabelledText, MultiLabelText, ScoredPair, TaggedText
from mtl.recipe.choices import TaskKind
from mtl.scratch import ArrayWriter
from mtl.task import TaskInfo
from mtl.text.batching import segments
from mtl.text.tokenized import TokenizedTexts

IGNORED = -100
"""Target of a label that the head lacks, and of words that are not there."""


class TargetsWriter:
    """Collects the targets of one task, as `TrainSet` has them."""

    def __init__(self, task: TaskInfo) -> None:
        self._task = task
        self._writer: ArrayWriter[Any] = ArrayWriter(
            np.float32 if task.kind is TaskKind.SIMILARITY else np.int8 if task.multi_label else np.int64
        )

    def add(self, examples: Sequence[Example], texts: TokenizedTexts) -> None:
        """Add examples, whose texts are stored as arrays."""
        self._writer.append(_targets(self._task, examples, texts).ravel())

    def finish(self) -> NDArray[Any]:
        """All targets; nothing can be added any more."""
        found: NDArray[Any] = self._writer.finish()
        return found.reshape(-1, len(self._task.labels)) if self._task.multi_label else found


def _targets(task: TaskInfo, examples: Sequence[Example], texts: TokenizedTexts) -> NDArray[Any]:
    if task.kind is TaskKind.SIMILARITY:
        return np.array([e.score for e in examples if isinstance(e, ScoredPair)], dtype=np.float32)
    if task.kind is TaskKind.CLASSIFICATION:
        values = _label_rows(task, examples) if task.multi_label else _class_rows(task, examples)
        found = np.full((len(texts.lengths), *values.shape[1:]), IGNORED, dtype=values.dtype)
        found[segments(texts.passages[:, 0], texts.window_counts)] = np.repeat(values, texts.window_counts, axis=0)
        return found
    tags = task.tags.index()
    # Words that were cut stand at the end of a text: the tags of those that are read, text by text.
    read = np.add.reduceat(np.append(texts.word_counts, 0), texts.sentences.ravel())[0::2] if examples else ()
    tagged = [e for e in examples if isinstance(e, TaggedText)]
    flat = [tags.get(tag, IGNORED) for e, count in zip(tagged, read, strict=True) for tag in e.tags[:count]]
    return np.array(flat, dtype=np.int64)


def _class_rows(task: TaskInfo, examples: Sequence[Example]) -> NDArray[np.int64]:
    """The class `(E,)` of each example."""
    classes = {label: i for i, label in enumerate(task.labels)}
    found = [classes.get(e.label, IGNORED) for e in examples if isinstance(e, LabelledText)]
    return np.array(found, dtype=np.int64)


def _label_rows(task: TaskInfo, examples: Sequence[Example]) -> NDArray[np.int8]:
    """Which labels each example has `(E, C)`, as 0 and 1."""
    classes = {label: i for i, label in enumerate(task.labels)}
    found = np.zeros((len(examples), len(classes)), dtype=np.int8)
    for row, example in enumerate(examples):
        if isinstance(example, MultiLabelText):
            found[row, [classes[label] for label in example.labels if label in classes]] = 1
    return found
