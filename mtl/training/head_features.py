"""What the head of one task learns from where the backbone is frozen: features and targets of all examples."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from mtl.cache import RaggedRows
from mtl.decoding.probabilities import Floats
from mtl.fitting.encoder import default_mix
from mtl.fitting.objectives import LogisticLoss, Objective, Scaling, SoftmaxLoss
from mtl.fitting.window_words import words_of_windows
from mtl.heads import ClassificationHead, TaggingHead
from mtl.heads.layers import LayerMix
from mtl.model import MultiTaskModel
from mtl.scratch import ArrayWriter
from mtl.task import TaskInfo
from mtl.text.batching import Integers
from mtl.training.targets import IGNORED
from mtl.training.train_set import TrainSet

_MOST_BYTES = 1 << 30  # of features in memory; more lie in a file
_BLOCK = 1 << 14  # vectors that are gathered at a time


@dataclass(frozen=True, eq=False)
class _Units:
    """The vectors `(N,)` of the cached rows that count, their targets, and how much each counts `(N,)`."""

    at: Integers
    targets: NDArray[np.integer]
    weights: Floats


def objective_of(task: TaskInfo, data: TrainSet, rows: RaggedRows, model: MultiTaskModel, *, l2: float) -> Objective:
    """The objective of the head of one task.

    Args:
        task: of the train set, with a linear head in the model.
        data: the examples.
        rows: of all windows of the texts: the pooled vector, then the states of the words.
        model: what the states of words are mixed with, and the weights of classes.
        l2: the penalty.
    """
    head = model.heads[task.name]
    if isinstance(head, TaggingHead):
        units = _words(task, data, rows)
        values = _gathered(rows, units.at, mix=_mix(head), size=model.encoder.dimension)
        loss: SoftmaxLoss | LogisticLoss = SoftmaxLoss(units.targets.astype(np.int64), units.weights)
        return Objective(values, loss, Scaling.of(values), l2, len(task.tags.tags))
    assert isinstance(head, ClassificationHead)
    units = _windows(task, data, rows)
    values = _gathered(rows, units.at, mix=None, size=model.encoder.dimension)
    scaling = Scaling.of(values, alike=True)
    if task.multi_label:
        labels = LogisticLoss(units.targets.astype(np.float32), units.weights)
        return Objective(values, labels, scaling, l2, len(task.labels))
    weights = units.weights
    if head.class_weights is not None:
        weights = weights * head.class_weights.cpu().numpy()[units.targets]
    classes = units.targets.astype(np.int64)
    return Objective(values, SoftmaxLoss(classes, weights), scaling, l2, len(task.labels))


@torch.no_grad()
def put_default_mix(head: nn.Module) -> None:
    """Give a new head that mixes the states of layers the weights that the solver leaves as they are."""
    if isinstance(head, TaggingHead) and isinstance(head.mix, LayerMix):
        head.mix.scores.copy_(torch.tensor(default_mix(len(head.mix.scores))).log())


def _mix(head: TaggingHead) -> Floats | None:
    return None if head.mix is None else head.mix.weights.detach().cpu().numpy()


def _windows(task: TaskInfo, data: TrainSet, rows: RaggedRows) -> _Units:
    targets = data.targets[task.name]
    known = targets != IGNORED
    windows = np.unique(data.windows)
    windows = windows[known.all(axis=1)[windows] if task.multi_label else known[windows]]
    shares = data.texts.shares[windows] if data.texts.is_split else np.ones(len(windows), np.float32)
    return _Units(rows.starts[windows], targets[windows], shares)


def _words(task: TaskInfo, data: TrainSet, rows: RaggedRows) -> _Units:
    found = words_of_windows(data.texts, rows, np.unique(data.windows))
    targets = data.targets[task.name][found.words]
    kept = (targets != IGNORED) & ~found.continued
    return _Units(found.at[kept], targets[kept], np.ones(int(kept.sum()), np.float32))


def _gathered(rows: RaggedRows, at: Integers, *, mix: Floats | None, size: int) -> NDArray[np.floating]:
    """The vectors `(N, H)` at some positions, the last H numbers of each or all states mixed."""
    in_memory = len(at) * size * 4 <= _MOST_BYTES
    writer: ArrayWriter[np.floating] = ArrayWriter(rows.values.dtype.type)  # float32 where float16 is too small
    found = np.empty((len(at) if in_memory else 0, size), dtype=np.float32)
    for begin in range(0, len(at), _BLOCK):
        block = np.asarray(rows.values[at[begin : begin + _BLOCK]], dtype=np.float32)
        if mix is not None:
            block = np.tensordot(mix, block.reshape(len(block), len(mix), size), axes=([0], [1]))
        block = block[:, -size:]
        if in_memory:
            found[begin : begin + _BLOCK] = block
        else:
            writer.append(block.ravel())
    return found if in_memory else writer.finish().reshape(-1, size)
