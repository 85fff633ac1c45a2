"""Cosines between embeddings, the order that puts similar sentences side by side, and nearest neighbours."""

from dataclasses import dataclass

import numpy as np

from mtl.metrics.neighbours import Neighbours, Vectors, unit_length


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A neighbour of a sentence: its position, and the cosine in the original space."""

    index: int
    cosine: float


def cosine_matrix(vectors: Vectors) -> Vectors:
    """Cosine of every pair `(N, N)` of vectors `(N, H)`."""
    unit = unit_length(vectors)
    return np.asarray(np.clip(unit @ unit.T, -1, 1), dtype=np.float32)


def order(matrix: Vectors) -> list[int]:
    """Positions `0..N-1` so that similar rows of a cosine matrix `(N, N)` are side by side (average linkage)."""
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    if len(matrix) < 3:
        return list(range(len(matrix)))
    distances = np.clip(1 - (matrix + matrix.T) / 2, 0, None)
    np.fill_diagonal(distances, 0)
    tree = linkage(squareform(distances, checks=False), method="average", optimal_ordering=len(matrix) <= 200)
    return [int(i) for i in leaves_list(tree)]


def nearest_to_query(query: Vectors, search: Neighbours, *, count: int) -> list[Neighbour]:
    """The sentences nearest to a query `(H,)`, nearest first."""
    found = search.of(query[None], count=count)
    pairs = zip(found.positions[0].tolist(), found.cosines[0].tolist(), strict=True)
    return [Neighbour(position, cosine) for position, cosine in pairs]
