"""Cosines between embeddings, the order that puts alike sentences side by side, and nearest neighbours."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A sentence near another one: its position and the cosine in the original space."""

    index: int
    cosine: float


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Vectors `(N, H)` of length 1; a zero vector stays zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths == 0, 1, lengths), dtype=np.float32)


def cosine_matrix(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cosine of every pair `(N, N)` float32."""
    normal = unit(vectors)
    return np.asarray(np.clip(normal @ normal.T, -1, 1), dtype=np.float32)


def order(matrix: NDArray[np.float32]) -> list[int]:
    """Positions `0..N-1` so that alike rows of a cosine matrix `(N, N)` stand side by side (average linkage)."""
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    if len(matrix) < 3:
        return list(range(len(matrix)))
    distances = np.clip(1 - (matrix + matrix.T) / 2, 0, None)
    np.fill_diagonal(distances, 0)
    tree = linkage(squareform(distances, checks=False), method="average", optimal_ordering=len(matrix) <= 200)
    return [int(i) for i in leaves_list(tree)]


def nearest(query: NDArray[np.float32], vectors: NDArray[np.float32], *, count: int) -> list[Neighbour]:
    """The sentences of vectors `(N, H)` nearest to a query `(H,)`, nearest first."""
    scores = np.clip(unit(vectors) @ unit(query[None])[0], -1, 1)
    best = np.argsort(-scores, kind="stable")[:count]
    return [Neighbour(int(i), float(scores[i])) for i in best]
