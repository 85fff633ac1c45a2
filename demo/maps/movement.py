"""The same sentences in two embedding spaces: neighbours kept, and alignment of their maps."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demo.maps.sampling import sample
from mtl.metrics.neighbours import Neighbours, Vectors, share_kept

NEIGHBOURS = 10
LIMIT = 2_000
"""The most sentences whose neighbours are compared; of more, a sample."""


@dataclass(frozen=True)
class Movement:
    """For the sentences `rows` `(M,)`: the share of nearest neighbours kept `(M,)`, and the neighbours `(M, K)`.

    Neighbours are positions among all sentences, nearest first by cosine.
    """

    rows: NDArray[np.int32]
    kept: NDArray[np.float32]
    before: NDArray[np.int64]
    after: NDArray[np.int64]

    @property
    def overlap(self) -> float:
        """Mean share of neighbours kept, 0 to 1."""
        return float(self.kept.mean())


def movement(before: Vectors, after: Vectors) -> Movement:
    """Compare embeddings `(N, H)` and `(N, G)` of the same N sentences by their `NEIGHBOURS` nearest neighbours."""
    rows = sample(len(before), LIMIT)
    first, second = (Neighbours(vectors).others(rows, count=NEIGHBOURS) for vectors in (before, after))
    return Movement(rows, share_kept(first, second), first, second)


def aligned(points: Vectors, reference: Vectors) -> Vectors:
    """Points `(N, 2)` aligned with a reference `(N, 2)` by rotation, reflection, scaling and shift (Procrustes)."""
    from scipy.linalg import orthogonal_procrustes

    centre, goal = points.mean(axis=0), reference.mean(axis=0)
    moved, wanted = points - centre, reference - goal
    size = float((moved**2).sum())
    if size == 0:
        return np.asarray(points - centre + goal, dtype=np.float32)
    turn, scale = orthogonal_procrustes(moved, wanted)
    return np.asarray(moved @ turn * (scale / size) + goal, dtype=np.float32)
