"""How far texts are from what several tasks have learned from, in one product of matrices."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtl.decoding.probabilities import Floats
from mtl.metrics.neighbours import unit_length
from mtl.outside.summary import Summary

_BLOCK = 2048  # texts whose distances from all centres are in memory at a time


@dataclass(frozen=True, slots=True)
class OutsideScore:
    """How unlike a text is to the training texts of a task.

    `distance` is the cosine distance, 0 to 2, of its embedding from the nearest centre of those of the training texts.
    `is_outside` says that it is greater than that of all but 5 % of the dev texts.
    """

    distance: float
    is_outside: bool


class OutsideScorer:
    """Scores embeddings for every one of its `tasks`, those that have a summary; safe to share between threads.

    The centres of all tasks are kept in float32, one after the other.
    """

    def __init__(self, summaries: Mapping[str, Summary]) -> None:
        self.tasks = tuple(summaries)
        if not summaries:
            return
        centres = np.concatenate([one.centres for one in summaries.values()])
        self._centres: Floats = unit_length(centres.astype(np.float32)).T.copy()
        counts = [len(one.centres) for one in summaries.values()]
        self._starts = np.cumsum([0, *counts[:-1]])
        self._limits = np.array([one.limit for one in summaries.values()])

    def __call__(self, embeddings: NDArray[np.floating]) -> list[dict[str, OutsideScore]]:
        """The scores by task of each of the embeddings `(N, H)`."""
        if not self.tasks:
            return [{} for _ in embeddings]
        blocks = range(0, len(embeddings), _BLOCK)
        return [scores for begin in blocks for scores in self._scores(embeddings[begin : begin + _BLOCK])]

    def _scores(self, embeddings: NDArray[np.floating]) -> list[dict[str, OutsideScore]]:
        near = np.maximum.reduceat(unit_length(embeddings.astype(np.float32)) @ self._centres, self._starts, axis=1)
        distances = (1 - near).clip(0, 2)
        return [
            dict(zip(self.tasks, map(OutsideScore, own, is_outside), strict=True))
            for own, is_outside in zip(distances.tolist(), (distances > self._limits).tolist(), strict=True)
        ]
