"""Embeddings of length 1, and nearest neighbours of embeddings by cosine."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
_OUTSIDE = 4.0
"""Every number of a vector that is to lie outside the unit sphere; no two vectors on it are as far apart."""


def unit_length(vectors: Vectors) -> Vectors:
    """The vectors `(N, H)` scaled to length 1; a zero vector stays zero."""
    return np.asarray(vectors / _lengths(vectors).clip(min=1e-12), dtype=np.float32)


@dataclass(frozen=True)
class Nearest:
    """For each of M queries the positions `(M, K)` of its nearest vectors, nearest first, and the cosines `(M, K)`."""

    positions: NDArray[np.int64]
    cosines: Vectors


class Neighbours:
    """The nearest of vectors `(N, H)`, by cosine; made once and asked often.

    A vector without a direction (zero, or not finite) is farther than all others, with a cosine of 0.
    """

    def __init__(self, vectors: Vectors) -> None:
        from sklearn.neighbors import NearestNeighbors

        self._unit = _on_sphere(vectors)
        # Vectors of length 1 have the same order by distance as by cosine, and scikit-learn is fastest with this one.
        self._search = NearestNeighbors(metric="sqeuclidean", algorithm="brute").fit(self._unit)

    def of(self, queries: Vectors, *, count: int) -> Nearest:
        """The `count` vectors nearest to each of queries `(M, H)`; all of them if there are fewer."""
        return self._of(_on_sphere(queries), count)

    def others(self, rows: NDArray[np.integer], *, count: int) -> NDArray[np.int64]:
        """The neighbours `(M, K)` of the vectors at `rows` `(M,)`, nearest first, never the vector itself.

        K is `count`, or the number of other vectors if there are fewer.
        """
        count = min(count, len(self._unit) - 1)
        if count < 1:
            return np.empty((len(rows), 0), dtype=np.int64)
        found = self._of(self._unit[rows], count + 1).positions
        others = found != rows[:, None]
        others[others.all(axis=1), -1] = False  # among many equal vectors, one may be missing from its own neighbours
        return np.asarray(found[others].reshape(len(rows), count))

    def cosines(self, query: Vectors) -> Vectors:
        """The cosines `(N,)` of all vectors with a query `(H,)`."""
        found = self._unit @ unit_length(query[None])[0]
        return np.asarray(np.where(self._unit[:, 0] == _OUTSIDE, 0, found.clip(-1, 1)), dtype=np.float32)

    def _of(self, unit: Vectors, count: int) -> Nearest:
        squares, positions = self._search.kneighbors(unit, n_neighbors=min(count, len(self._unit)))
        cosines = np.where(squares > _OUTSIDE + 1, 0, 1 - squares / 2)
        return Nearest(positions, np.asarray(np.clip(cosines, -1, 1), dtype=np.float32))


def share_kept(before: NDArray[np.int64], after: NDArray[np.int64]) -> Vectors:
    """The share `(M,)` of the neighbours `(M, K)` before that are among those `(M, K)` after; 1 without neighbours."""
    if not before.shape[1]:
        return np.ones(len(before), dtype=np.float32)
    return np.asarray((before[:, :, None] == after[:, None, :]).any(axis=2).mean(axis=1), dtype=np.float32)


def _on_sphere(vectors: Vectors) -> Vectors:
    """The vectors scaled to length 1; those without a direction lie outside."""
    lengths = _lengths(vectors)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.asarray(vectors / lengths, dtype=np.float32)
    found[~((lengths > 0) & np.isfinite(lengths))[:, 0]] = _OUTSIDE
    return found


def _lengths(vectors: Vectors) -> Vectors:
    return np.asarray(np.sqrt(np.einsum("nh,nh->n", vectors, vectors))[:, None])
