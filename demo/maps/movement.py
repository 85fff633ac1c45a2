"""The same sentences in two embedding spaces: which neighbours each one kept, and places that can be compared."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demo.maps.sampling import sample
from demo.maps.similarity import unit

NEIGHBOURS = 10
LIMIT = 2_000
"""Sentences whose neighbours are compared, each with all others; more are sampled."""

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Movement:
    """Of the sentences `rows` `(M,)`: the share of nearest neighbours kept `(M,)`, and the neighbours `(M, K)`.

    Neighbours are positions among all sentences, nearest first by cosine.
    """

    rows: NDArray[np.int32]
    kept: NDArray[np.float32]
    before: NDArray[np.int64]
    after: NDArray[np.int64]

    @property
    def overlap(self) -> float:
        """Mean share of neighbours kept, 0 to 1."""
        return float(self.kept.mean()) if len(self.kept) else 1.0


def movement(before: Vectors, after: Vectors) -> Movement:
    """Compare embeddings `(N, H)` and `(N, G)` of the same N sentences by their `NEIGHBOURS` nearest neighbours."""
    rows = sample(len(before), LIMIT)
    first, second = (neighbours(vectors, rows, count=NEIGHBOURS) for vectors in (before, after))
    kept = [len(set(a) & set(b)) / max(1, len(a)) for a, b in zip(first.tolist(), second.tolist(), strict=True)]
    return Movement(rows, np.array(kept, dtype=np.float32), first, second)


def neighbours(vectors: Vectors, rows: NDArray[np.int32], *, count: int) -> NDArray[np.int64]:
    """For each of the rows `(M,)` the positions of its nearest neighbours `(M, K)`, nearest first, never itself."""
    normal = unit(vectors)
    count = min(count, len(vectors) - 1)
    found = np.empty((len(rows), count), dtype=np.int64)
    step = max(1, 20_000_000 // max(1, len(vectors)))
    for start in range(0, len(rows), step):
        part = rows[start : start + step]
        cosines = normal[part] @ normal.T
        cosines[np.arange(len(part)), part] = -np.inf
        found[start : start + step] = _largest(cosines, count)
    return found


def _largest(scores: Vectors, count: int) -> NDArray[np.int64]:
    if count < 1:
        return np.empty((len(scores), 0), dtype=np.int64)
    best = np.argpartition(-scores, count - 1, axis=1)[:, :count]
    order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1, kind="stable")
    return np.asarray(np.take_along_axis(best, order, axis=1))


def aligned(points: Vectors, reference: Vectors) -> Vectors:
    """Points `(N, 2)` turned, mirrored, scaled and shifted to lie as near to the reference `(N, 2)` as they can."""
    from scipy.linalg import orthogonal_procrustes

    centre, goal = points.mean(axis=0), reference.mean(axis=0)
    moved, wanted = points - centre, reference - goal
    size = float((moved**2).sum())
    if size == 0:
        return np.asarray(points - centre + goal, dtype=np.float32)
    turn, scale = orthogonal_procrustes(moved, wanted)
    return np.asarray(moved @ turn * (scale / size) + goal, dtype=np.float32)
