"""How far an embedding has moved from where it began."""

import math

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


def embedding_metrics(before: Vectors, after: Vectors, *, neighbours: int = 10) -> dict[str, float]:
    """Compare embeddings `(N, H)` of the same N sentences.

    Returns:
        `drift`: 1 minus the mean cosine of each sentence with itself, 0 where nothing moved; `neighbour_overlap`: the
        share of the nearest `neighbours` by cosine (or of all others, if they are fewer) that stayed, 1 where all did.
        Both are NaN where an embedding is not finite.
    """
    if not (np.isfinite(before).all() and np.isfinite(after).all()):
        return {"drift": math.nan, "neighbour_overlap": math.nan}
    first, second = _unit(before), _unit(after)
    drift = max(0.0, 1.0 - float((first * second).sum(axis=1).mean()))
    count = min(neighbours, len(first) - 1)
    if count < 1:
        return {"drift": drift, "neighbour_overlap": 1.0}
    kept = [len(set(a) & set(b)) for a, b in zip(_nearest(first, count), _nearest(second, count), strict=True)]
    return {"drift": drift, "neighbour_overlap": sum(kept) / (count * len(kept))}


def _unit(vectors: Vectors) -> Vectors:
    unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True).clip(min=1e-12)
    return unit


def _nearest(vectors: Vectors, count: int) -> list[list[int]]:
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -np.inf)
    found: list[list[int]] = np.argsort(-cosines, axis=1, kind="stable")[:, :count].tolist()
    return found
